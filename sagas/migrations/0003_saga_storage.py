from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("sagas", "0002_sagas")]

    operations = [
        composite_foreign_key("sagas_sagasteprecord", "execution_id", "sagas_sagaexecution"),
        # A saga's row is written at every step: room on the page keeps these updates off the indexes.
        migrations.RunSQL(
            "ALTER TABLE sagas_sagaexecution SET (fillfactor = 70)", "ALTER TABLE sagas_sagaexecution RESET (fillfactor)"
        ),
    ]
