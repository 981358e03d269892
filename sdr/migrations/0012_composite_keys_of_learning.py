from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("sdr", "0011_learning"), ("accounts", "0001_initial")]

    operations = [
        composite_foreign_key("sdr_verdict", "qualification_id", "sdr_qualification"),
        composite_foreign_key("sdr_verdict", "by_id", "accounts_membership"),
    ]
