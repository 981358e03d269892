from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("gateways", "0001_initial"), ("accounts", "0001_initial")]

    operations = [
        composite_foreign_key("gateways_channelevent", "channel_id", "gateways_channel"),
        composite_foreign_key("gateways_numbercheck", "channel_id", "gateways_channel"),
        composite_foreign_key("gateways_receipt", "channel_id", "gateways_channel"),
        composite_foreign_key("gateways_messagestatus", "channel_id", "gateways_channel"),
        composite_foreign_key("gateways_simulatedhook", "channel_id", "gateways_channel"),
    ]
