"""Counts that stay small: what was added to them since is summed up now and then."""

from django.db import connection

NEW_ROWS = 64
CAMPAIGNS_AT_ONCE = 50

# In one statement, so that whoever reads meanwhile sees the rows before or the rows after. What is added meanwhile stays.
_FOLD = """
WITH busy AS (
  SELECT n.campaign_id, c.id IS NOT NULL AS is_there
  FROM (SELECT campaign_id, count(*) AS added FROM {table} WHERE NOT folded GROUP BY campaign_id) n
  LEFT JOIN campaigns_campaign c ON c.id = n.campaign_id
  WHERE n.added >= %s OR c.id IS NULL
  ORDER BY n.added DESC LIMIT %s
), gone AS (
  DELETE FROM {table} t USING busy WHERE t.campaign_id = busy.campaign_id
  RETURNING t.*, busy.is_there
)
INSERT INTO {table} (id, {place}, {sums}, folded)
SELECT gen_random_uuid(), {place}, {added}, true FROM gone WHERE is_there
GROUP BY {place} HAVING {any}
"""
_PLACES = {
    "campaigns_tally": (
        ("organization_id", "campaign_id", "variant_ref", "channel_ref", "state", "reason", "hour"), ("people", "replied"),
    ),
    "campaigns_answertally": (("organization_id", "campaign_id", "hour"), ("people",)),
}  # fmt: skip


def fold(at_least: int = NEW_ROWS) -> None:
    """Sum up the counts of campaigns to which so many rows were added, and drop those of campaigns that are gone.

    Two at once are harmless: each row is deleted by one of them.
    """
    with connection.cursor() as cursor:
        for table, (place, sums) in _PLACES.items():
            added = [f"sum({name})" for name in sums]
            statement = _FOLD.format(
                table=table, place=", ".join(place), sums=", ".join(sums), added=", ".join(added),
                any=" OR ".join(f"{one} <> 0" for one in added),
            )  # fmt: skip
            cursor.execute(statement, [at_least, CAMPAIGNS_AT_ONCE])
