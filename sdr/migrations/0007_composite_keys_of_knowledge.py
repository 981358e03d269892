from django.db import migrations

from core.migrations import composite_foreign_key


# Questions collected before they had rows of their own.
COLLECTED = """
INSERT INTO sdr_question (id, organization_id, text, key, times, state, contact_id, conversation_id, asked_at, last_asked_at)
SELECT DISTINCT ON (organization_id, lower(text)) gen_random_uuid(), organization_id, left(text, 300), left(lower(text), 300), 1, 'open',
       contact_id, conversation_id, updated_at, updated_at
FROM sdr_qualification, jsonb_array_elements_text(unanswered) AS text WHERE trim(text) <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("sdr", "0006_knowledge"), ("leads", "0001_initial"), ("conversations", "0001_initial")]

    operations = [
        composite_foreign_key("sdr_chunk", "document_id", "sdr_document"),
        composite_foreign_key("sdr_question", "contact_id", "leads_contact"),
        composite_foreign_key("sdr_question", "conversation_id", "conversations_conversation"),
        migrations.RunSQL(COLLECTED, migrations.RunSQL.noop),
    ]
