from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0005_series")]

    operations = [
        composite_foreign_key("campaigns_campaign", "series_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_recurrence", "campaign_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_occurrence", "series_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_occurrence", "run_id", "campaigns_campaign"),
    ]
