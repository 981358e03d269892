from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0012_sequences")]

    operations = [composite_foreign_key("campaigns_step", "campaign_id", "campaigns_campaign")]
