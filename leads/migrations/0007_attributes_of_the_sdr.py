from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Contacts are read and written while it is built.
    atomic = False
    dependencies = [("leads", "0006_merge_keys")]

    operations = [
        AddIndexConcurrently(
            "contact",
            GinIndex(
                condition=models.Q(attributes__has_key="sdr_ia_status"), fields=["attributes"], name="contact_marked_by_sdr",
                opclasses=["jsonb_path_ops"],
            ),
        ),
    ]
