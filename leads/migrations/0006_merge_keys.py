from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("leads", "0005_merges")]

    operations = [
        composite_foreign_key("leads_contact", "merged_into_id", "leads_contact"),
        composite_foreign_key("leads_contactmerge", "kept_id", "leads_contact"),
        composite_foreign_key("leads_contactmerge", "gone_id", "leads_contact"),
        composite_foreign_key("leads_contactmerge", "by_id", "accounts_membership"),
    ]
