from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0007_agents_at_work"), ("sdr", "0017_agents_at_work")]

    operations = [
        composite_foreign_key("campaigns_campaignagent", "campaign_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_campaignagent", "agent_id", "sdr_agent"),
    ]
