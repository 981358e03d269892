from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("sdr", "0001_initial"), ("leads", "0001_initial"), ("conversations", "0001_initial"), ("accounts", "0001_initial")]

    operations = [
        composite_foreign_key("sdr_qualification", "contact_id", "leads_contact"),
        composite_foreign_key("sdr_qualification", "conversation_id", "conversations_conversation"),
        composite_foreign_key("sdr_replyturn", "conversation_id", "conversations_conversation"),
        composite_foreign_key("sdr_sdrprofile", "team_quente_id", "accounts_team"),
        composite_foreign_key("sdr_sdrprofile", "team_morno_id", "accounts_team"),
        composite_foreign_key("sdr_sdrprofile", "team_frio_id", "accounts_team"),
        composite_foreign_key("sdr_sdrprofile", "team_muito_frio_id", "accounts_team"),
    ]
