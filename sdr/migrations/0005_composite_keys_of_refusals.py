from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("sdr", "0004_refusals"), ("conversations", "0001_initial")]

    operations = [composite_foreign_key("sdr_refusal", "conversation_id", "conversations_conversation")]
