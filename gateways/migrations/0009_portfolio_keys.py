from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("gateways", "0008_portfolios")]

    operations = [
        composite_foreign_key("gateways_channel", "portfolio_id", "gateways_portfolio"),
        composite_foreign_key("gateways_portfoliocontact", "portfolio_id", "gateways_portfolio"),
    ]
