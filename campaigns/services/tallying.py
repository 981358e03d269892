"""Counts that stay small: what was added to them since is summed up now and then."""

from django.db import connection

NEW_ROWS = 64
CAMPAIGNS_AT_ONCE = 50

# In one statement, so that whoever reads meanwhile sees the rows before or the rows after. What is added meanwhile stays.
_FOLD = """
WITH busy AS (
  SELECT n.campaign_id, c.id IS NOT NULL AS is_there
  FROM (SELECT campaign_id, count(*) AS added FROM campaigns_tally WHERE NOT folded GROUP BY campaign_id) n
  LEFT JOIN campaigns_campaign c ON c.id = n.campaign_id
  WHERE n.added >= %s OR c.id IS NULL
  ORDER BY n.added DESC LIMIT %s
), gone AS (
  DELETE FROM campaigns_tally t USING busy WHERE t.campaign_id = busy.campaign_id
  RETURNING t.*, busy.is_there
)
INSERT INTO campaigns_tally
  (id, organization_id, campaign_id, variant_ref, channel_ref, state, reason, hour, people, replied, folded)
SELECT gen_random_uuid(), organization_id, campaign_id, variant_ref, channel_ref, state, reason, hour,
       sum(people), sum(replied), true
FROM gone WHERE is_there
GROUP BY organization_id, campaign_id, variant_ref, channel_ref, state, reason, hour
HAVING sum(people) <> 0 OR sum(replied) <> 0
"""


def fold(at_least: int = NEW_ROWS) -> None:
    """Sum up the counts of campaigns to which so many rows were added, and drop those of campaigns that are gone.

    Two at once are harmless: each row is deleted by one of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, [at_least, CAMPAIGNS_AT_ONCE])
