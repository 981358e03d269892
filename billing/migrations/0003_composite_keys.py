from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_charges"),
        ("accounts", "0001_initial"),
    ]

    operations = [
        composite_foreign_key("billing_charge", "created_by_id", "accounts_membership"),
        composite_foreign_key("billing_charge", "confirmed_by_id", "accounts_membership"),
        composite_foreign_key("billing_fiscalinvoice", "charge_id", "billing_charge"),
    ]
