from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        composite_foreign_key("accounts_teammembership", "team_id", "accounts_team"),
        composite_foreign_key("accounts_teammembership", "membership_id", "accounts_membership"),
        composite_foreign_key("accounts_invitation", "invited_by_id", "accounts_membership"),
        composite_foreign_key("accounts_auditentry", "actor_id", "accounts_membership"),
    ]
