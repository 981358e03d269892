"""Delivery states of recipients: copied from what the gateways know, only ever forward."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

# Failed overrides what was only sent; delivered and read override everything, failed too: real providers report in any
# order. A state is the strongest evidence for a send whose end was unknown, so it settles that too.
_APPLY = """
WITH before AS MATERIALIZED (
  SELECT r.id, r.state AS was, known.sent_at, known.delivered_at, known.read_at, known.failed_at,
         known.error AS why, known.error_code AS why_code,
         CASE WHEN known.state = 'read' OR (known.state = 'delivered' AND r.state <> 'read') THEN known.state
              WHEN known.state = 'failed' AND r.state IN ('sending', 'sent', 'unknown') THEN 'failed'
              WHEN known.state = 'sent' AND r.state IN ('sending', 'unknown') THEN 'sent'
              ELSE r.state END AS target
  FROM gateways_messagestatus known
  JOIN campaigns_recipient r ON r.channel_id = known.channel_id AND r.external_id = known.external_id
  WHERE known.channel_id = %(channel)s AND known.external_id = ANY(%(ids)s::text[])
    AND r.state IN ('sending', 'sent', 'delivered', 'read', 'failed', 'unknown')
  ORDER BY r.id
  FOR UPDATE OF r
), moved AS (
  UPDATE campaigns_recipient r SET
    state = before.target,
    error = CASE before.target WHEN 'failed' THEN before.why WHEN before.was THEN r.error ELSE '' END,
    error_code = CASE before.target WHEN 'failed' THEN before.why_code WHEN before.was THEN r.error_code ELSE '' END,
    sent_at = COALESCE(r.sent_at, before.sent_at, before.delivered_at, before.read_at, before.failed_at),
    delivered_at = COALESCE(r.delivered_at, before.delivered_at, before.read_at),
    read_at = COALESCE(r.read_at, before.read_at)
  FROM before
  WHERE r.id = before.id
  RETURNING r.campaign_id, before.was, before.target
), counted AS (
  UPDATE campaigns_campaign c SET sent_count = c.sent_count + n.count
  FROM (SELECT campaign_id, count(*)::int AS count FROM moved
        WHERE was IN ('sending', 'unknown') AND target IN ('sent', 'delivered', 'read') GROUP BY campaign_id) AS n
  WHERE c.id = n.campaign_id
)
SELECT DISTINCT campaign_id FROM moved
"""


def apply_known_statuses(channel_id: UUID | str, external_ids: Sequence[str]) -> list[UUID]:
    """Bring the recipients with these provider ids to the furthest state known; return their campaigns."""
    if not external_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_APPLY, {"channel": channel_id, "ids": list(external_ids)})
        return [row[0] for row in cursor.fetchall()]
