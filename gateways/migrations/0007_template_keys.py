from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("gateways", "0006_templates")]

    operations = [composite_foreign_key("gateways_messagetemplate", "channel_id", "gateways_channel")]
