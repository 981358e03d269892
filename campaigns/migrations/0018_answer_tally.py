import core.ids
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models
from django.db.models import Q

PLACE = "organization_id, campaign_id, variant_id, channel_id, state, reason, hour"
PLACES = """
SELECT {sign} AS people, {sign} * (replied_at IS NOT NULL)::int AS replied, organization_id, campaign_id, variant_id, channel_id, state,
       CASE WHEN state = 'skipped' THEN skip_reason WHEN state IN ('failed', 'invalid') THEN error_code ELSE '' END AS reason,
       date_trunc('hour', sent_at, 'UTC') AS hour
FROM {table}
"""
ADD_PLACES = f"""
INSERT INTO campaigns_tally
  (id, organization_id, campaign_id, variant_ref, channel_ref, state, reason, hour, people, replied)
SELECT gen_random_uuid(), {PLACE}, sum(people), sum(replied) FROM ({{rows}}) AS changed
GROUP BY {PLACE} HAVING sum(people) <> 0 OR sum(replied) <> 0
"""
ANSWERS = """
SELECT {sign} AS people, organization_id, campaign_id, date_trunc('hour', replied_at, 'UTC') AS hour
FROM {table} WHERE replied_at IS NOT NULL
"""
ADD_ANSWERS = """
INSERT INTO campaigns_answertally (id, organization_id, campaign_id, hour, people)
SELECT gen_random_uuid(), organization_id, campaign_id, hour, sum(people) FROM ({rows}) AS changed
GROUP BY organization_id, campaign_id, hour HAVING sum(people) <> 0
"""


def counting(*kinds: tuple[str, str]) -> str:
    """Return the function that the triggers call: ``kinds`` are statements with the rows that they add up."""

    def added(*changes: tuple[str, str]) -> str:
        statements = [
            add.format(rows=" UNION ALL ".join(rows.format(sign=sign, table=table) for sign, table in changes))
            for add, rows in kinds
        ]
        return ";".join(statements)

    came, went = ("1", "came"), ("-1", "went")
    return f"""
CREATE OR REPLACE FUNCTION campaigns_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    {added(came)};
  ELSIF TG_OP = 'DELETE' THEN
    {added(went)};
  ELSE
    {added(came, went)};
  END IF;
  RETURN NULL;
END $$;
"""


# Whoever writes at this moment is waited for, and who comes after it counts answers too: no change falls between the two.
WITH_ANSWERS = (
    "LOCK TABLE campaigns_recipient IN SHARE ROW EXCLUSIVE MODE;" + counting((ADD_PLACES, PLACES), (ADD_ANSWERS, ANSWERS))
)
WITHOUT_ANSWERS = counting((ADD_PLACES, PLACES))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_alerts"), ("campaigns", "0017_deals_of_people")]

    operations = [
        migrations.CreateModel(
            name="AnswerTally",
            fields=[
                ("id", models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("hour", models.DateTimeField()),
                ("people", models.IntegerField()),
                ("folded", models.BooleanField(db_default=False, default=False)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE,
                        related_name="answer_tallies", to="campaigns.campaign",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "count of answers",
                "verbose_name_plural": "counts of answers",
                "indexes": [
                    models.Index(fields=["campaign", "hour"], name="answers_campaign"),
                    models.Index(fields=["campaign"], condition=Q(folded=False), name="answers_new"),
                    models.Index(fields=["organization", "hour"], name="answers_hour"),
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE campaigns_answertally SET (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 500)",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(WITH_ANSWERS, WITHOUT_ANSWERS),
    ]
