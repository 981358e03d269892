from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("sdr", "0014_agents"), ("accounts", "0001_initial"), ("gateways", "0001_initial")]

    operations = [
        composite_foreign_key("sdr_qualification", "agent_id", "sdr_agent"),
        composite_foreign_key("sdr_agentchannel", "agent_id", "sdr_agent"),
        composite_foreign_key("sdr_agentchannel", "channel_id", "gateways_channel"),
        composite_foreign_key("sdr_agent", "team_quente_id", "accounts_team"),
        composite_foreign_key("sdr_agent", "team_morno_id", "accounts_team"),
        composite_foreign_key("sdr_agent", "team_frio_id", "accounts_team"),
        composite_foreign_key("sdr_agent", "team_muito_frio_id", "accounts_team"),
    ]
