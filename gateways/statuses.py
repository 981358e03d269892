"""The furthest delivery state known for each of a provider's message ids."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from gateways.contract import DeliveryUpdate
from gateways.models import Channel, MessageStatus

# Only moves forward: failed beats queued and sent, delivered and read beat everything, since real providers report in any order.
RANKS = {"queued": 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4}

_UPSERT = """
INSERT INTO gateways_messagestatus AS known
  (organization_id, channel_id, external_id, state, error_code, error, sent_at, delivered_at, read_at, failed_at)
SELECT %(organization)s, %(channel)s, new.external_id, new.state, new.code, new.error,
       CASE WHEN new.state = 'sent' THEN new.at END, CASE WHEN new.state = 'delivered' THEN new.at END,
       CASE WHEN new.state = 'read' THEN new.at END, CASE WHEN new.state = 'failed' THEN new.at END
FROM unnest(%(ids)s::text[], %(states)s::text[], %(codes)s::text[], %(errors)s::text[], %(ats)s::timestamptz[])
  AS new(external_id, state, code, error, at)
ORDER BY new.external_id
ON CONFLICT (channel_id, external_id) DO UPDATE SET
  state = CASE WHEN array_position(%(order)s::text[], excluded.state) > array_position(%(order)s::text[], known.state)
          THEN excluded.state ELSE known.state END,
  error_code = CASE WHEN excluded.state = 'failed' THEN excluded.error_code ELSE known.error_code END,
  error = CASE WHEN excluded.state = 'failed' THEN excluded.error ELSE known.error END,
  sent_at = COALESCE(known.sent_at, excluded.sent_at),
  delivered_at = COALESCE(known.delivered_at, excluded.delivered_at),
  read_at = COALESCE(known.read_at, excluded.read_at),
  failed_at = COALESCE(known.failed_at, excluded.failed_at),
  updated_at = now()
"""


def record_statuses(channel: Channel, updates: Sequence[DeliveryUpdate]) -> None:
    """Keep the furthest state of each id, whatever the order in which the states came."""
    # One statement may touch a row once, so the states of one id go in rounds.
    rounds: list[dict[str, DeliveryUpdate]] = []
    for update in updates:
        if update.state not in RANKS:
            continue
        free = next((r for r in rounds if update.external_id not in r), None)
        if free is None:
            free = {}
            rounds.append(free)
        free[update.external_id] = update
    for one in rounds:
        _upsert(channel, list(one.values()))


def _upsert(channel: Channel, updates: list[DeliveryUpdate]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            {
                "organization": channel.organization_id,
                "channel": channel.pk,
                "order": sorted(RANKS, key=RANKS.__getitem__),
                "ids": [u.external_id for u in updates],
                "states": [u.state for u in updates],
                "codes": [u.error_code for u in updates],
                "errors": [u.error[:500] for u in updates],
                "ats": [u.at for u in updates],
            },
        )


def known(channel_id: UUID | str, external_ids: Sequence[str]) -> dict[str, MessageStatus]:
    """Return what is known of the ids."""
    rows = MessageStatus.objects.filter(channel_id=channel_id, external_id__in=external_ids)
    return {row.external_id: row for row in rows}
