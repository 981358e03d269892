from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial"), ("leads", "0001_initial"), ("gateways", "0001_initial"), ("accounts", "0001_initial")]

    operations = [
        composite_foreign_key("conversations_conversation", "contact_id", "leads_contact"),
        composite_foreign_key("conversations_conversation", "channel_id", "gateways_channel"),
        composite_foreign_key("conversations_conversation", "assigned_to_id", "accounts_membership"),
        composite_foreign_key("conversations_conversation", "closed_by_id", "accounts_membership"),
        composite_foreign_key("conversations_conversation", "team_id", "accounts_team"),
        composite_foreign_key("conversations_message", "conversation_id", "conversations_conversation"),
        composite_foreign_key("conversations_message", "channel_id", "gateways_channel"),
        composite_foreign_key("conversations_message", "author_id", "accounts_membership"),
        composite_foreign_key("conversations_attachment", "message_id", "conversations_message"),
    ]
