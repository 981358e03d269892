from typing import Any

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

# What is there without what was counted since the triggers count: in one statement, so that both are seen at the same moment.
# A campaign that is counted already gets nothing, so this may be broken off and run again.
COUNT_BEFORE = """
INSERT INTO campaigns_answertally (id, organization_id, campaign_id, hour, people, folded)
SELECT gen_random_uuid(), organization_id, campaign_id, hour, sum(people), true FROM (
  SELECT organization_id, campaign_id, date_trunc('hour', replied_at, 'UTC') AS hour, 1 AS people
  FROM campaigns_recipient WHERE campaign_id = %(campaign)s AND replied_at IS NOT NULL
  UNION ALL
  SELECT organization_id, campaign_id, hour, -people FROM campaigns_answertally WHERE campaign_id = %(campaign)s
) AS changed
GROUP BY organization_id, campaign_id, hour HAVING sum(people) <> 0
"""


def count_before(apps: Any, schema_editor: Any) -> None:
    """Count the answers that came before, campaign by campaign: nobody who writes is held up."""
    campaigns = apps.get_model("campaigns", "Campaign").unscoped.exclude(started_at=None).order_by("pk")
    with schema_editor.connection.cursor() as cursor:
        for pk in list(campaigns.values_list("pk", flat=True)):
            cursor.execute(COUNT_BEFORE, {"campaign": pk})


class Migration(migrations.Migration):
    # Campaigns go on sending while it runs.
    atomic = False
    dependencies = [("campaigns", "0018_answer_tally")]

    operations = [
        migrations.RunPython(count_before, migrations.RunPython.noop),
        AddIndexConcurrently("tally", models.Index(fields=["organization", "hour"], name="tally_hour")),
        AddIndexConcurrently(
            "recipient",
            models.Index(
                condition=Q(state__in=["failed", "invalid"]), fields=["campaign", "state", "error_code", "position"],
                name="recipient_by_error",
            ),
        ),
        AddIndexConcurrently(
            "recipient",
            models.Index(
                condition=Q(state="skipped"), fields=["campaign", "skip_reason", "position"], name="recipient_by_skip"
            ),
        ),
        # What begins with the organization is found by its other indexes; each row that changes writes one less.
        migrations.AlterField(
            model_name="recipient",
            name="organization",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization",
                verbose_name="organization",
            ),
        ),
    ]
