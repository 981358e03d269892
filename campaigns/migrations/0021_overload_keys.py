from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0020_overload")]

    operations = [
        composite_foreign_key("campaigns_demanddecision", "overload_id", "campaigns_overload"),
        composite_foreign_key("campaigns_demanddecision", "campaign_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_demanddecision", "by_id", "accounts_membership"),
    ]
