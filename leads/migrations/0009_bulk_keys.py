from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("leads", "0008_bulk")]

    operations = [
        composite_foreign_key("leads_bulkaction", "created_by_id", "accounts_membership"),
        composite_foreign_key("leads_bulkitem", "bulk_id", "leads_bulkaction"),
    ]
