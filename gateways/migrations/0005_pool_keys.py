from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("gateways", "0004_pool")]

    operations = [
        composite_foreign_key("gateways_channel", "stands_in_for_id", "gateways_channel"),
        composite_foreign_key("gateways_channelhour", "channel_id", "gateways_channel"),
        composite_foreign_key("gateways_poolincident", "channel_id", "gateways_channel"),
        composite_foreign_key("gateways_poolincident", "replaced_by_id", "gateways_channel"),
        composite_foreign_key("gateways_missingspan", "channel_id", "gateways_channel"),
    ]
