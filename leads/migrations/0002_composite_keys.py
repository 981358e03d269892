from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]

    operations = [
        composite_foreign_key("leads_contactidentity", "contact_id", "leads_contact"),
        composite_foreign_key("leads_timelineentry", "contact_id", "leads_contact"),
        composite_foreign_key("leads_listmembership", "contact_id", "leads_contact"),
        composite_foreign_key("leads_listmembership", "contact_list_id", "leads_contactlist"),
        composite_foreign_key("leads_import", "contact_list_id", "leads_contactlist"),
        composite_foreign_key("leads_import", "created_by_id", "accounts_membership"),
        composite_foreign_key("leads_importissue", "import_run_id", "leads_import"),
    ]
