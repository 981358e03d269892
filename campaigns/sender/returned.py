"""What goes back to the queue late, into a campaign that has ended meanwhile: it must not wait there for ever."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

# A frozen sender comes back after its claims lapsed, and the campaign, having nothing left to wait for, was completed: it
# goes on. One that a person cancelled leaves them out, as it left out those that were still in line. The campaigns are
# locked, so that of an end that comes at the same moment and of this, the second finds the first.
_RETURNED = """
WITH campaign AS MATERIALIZED (
  SELECT c.id, c.state FROM campaigns_campaign c WHERE c.id = ANY(%(campaigns)s::uuid[]) ORDER BY c.id FOR NO KEY UPDATE
), reopened AS (
  UPDATE campaigns_campaign c SET state = 'running', finished_at = NULL, archived_at = NULL
  FROM campaign WHERE c.id = campaign.id AND campaign.state = 'completed'
)
UPDATE campaigns_recipient r SET state = 'skipped', skip_reason = 'cancelled', next_attempt_at = NULL
FROM campaign
WHERE r.campaign_id = campaign.id AND campaign.state = 'cancelled' AND r.id = ANY(%(ids)s::uuid[]) AND r.state = 'queued'
"""


def note_returned(rows: Collection[tuple[UUID, UUID]]) -> None:
    """Look after recipients that the open transaction has queued again, given as (recipient, campaign)."""
    if not rows:
        return
    values = {"ids": [pk for pk, _campaign in rows], "campaigns": sorted({campaign for _pk, campaign in rows})}
    with connection.cursor() as cursor:
        cursor.execute(_RETURNED, values)
