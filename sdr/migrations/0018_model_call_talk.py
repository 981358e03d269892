from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Talks go on while it is built.
    atomic = False
    dependencies = [("sdr", "0017_agents_at_work")]

    operations = [
        AddIndexConcurrently(
            "modelcall",
            models.Index(condition=models.Q(conversation_ref__isnull=False), fields=["conversation_ref"], name="model_call_talk"),
        ),
    ]
