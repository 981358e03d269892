"""The furthest delivery state known for each of a provider's message ids."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from gateways.contract import DeliveryUpdate
from gateways.models import Channel, MessageStatus

# Only moves forward: failed beats queued and sent, delivered and read beat everything, since real providers report in
# any order.
RANKS = {"queued": 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4}
CONFIRMED = frozenset({"sent", "delivered", "read"})

_UPSERT = """
INSERT INTO gateways_messagestatus AS known
  (organization_id, channel_id, external_id, state, error_code, error, sent_at, delivered_at, read_at, failed_at)
SELECT %(organization)s, %(channel)s, new.*
FROM unnest(%(ids)s::text[], %(states)s::text[], %(codes)s::text[], %(errors)s::text[],
            %(sent)s::timestamptz[], %(delivered)s::timestamptz[], %(read)s::timestamptz[], %(failed)s::timestamptz[])
  AS new(external_id, state, error_code, error, sent_at, delivered_at, read_at, failed_at)
ORDER BY new.external_id
ON CONFLICT (channel_id, external_id) DO UPDATE SET
  state = CASE WHEN array_position(%(order)s::text[], excluded.state::text)
                  > array_position(%(order)s::text[], known.state::text)
          THEN excluded.state ELSE known.state END,
  error_code = CASE WHEN excluded.failed_at IS NULL THEN known.error_code ELSE excluded.error_code END,
  error = CASE WHEN excluded.failed_at IS NULL THEN known.error ELSE excluded.error END,
  sent_at = LEAST(known.sent_at, excluded.sent_at),
  delivered_at = LEAST(known.delivered_at, excluded.delivered_at),
  read_at = LEAST(known.read_at, excluded.read_at),
  failed_at = LEAST(known.failed_at, excluded.failed_at),
  updated_at = now()
"""


@dataclass
class Furthest:
    """What a run of updates says of one message: its furthest state and when each state was first reached."""

    external_id: str
    state: str = "queued"
    error_code: str = ""
    error: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None

    def take(self, update: DeliveryUpdate) -> None:
        """Move forward to the update's state, or only note its time."""
        if RANKS[update.state] > RANKS[self.state]:
            self.state = update.state
        if update.state == "failed":
            self.error_code, self.error = update.error_code[:40], update.error[:500]
        if update.state != "queued":
            name = f"{update.state}_at"
            known: datetime | None = getattr(self, name)
            setattr(self, name, update.at if known is None else min(known, update.at))


def furthest(updates: Iterable[DeliveryUpdate]) -> list[Furthest]:
    """Fold updates into one entry per message, whatever the order in which they came; unknown states are left out."""
    found: dict[str, Furthest] = {}
    for update in updates:
        if update.state in RANKS:
            found.setdefault(update.external_id, Furthest(update.external_id)).take(update)
    return list(found.values())


def record_statuses(channel: Channel, updates: Sequence[DeliveryUpdate]) -> list[str]:
    """Keep the furthest state of each message id and return the ids."""
    rows = furthest(updates)
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            {
                "organization": channel.organization_id,
                "channel": channel.pk,
                "order": sorted(RANKS, key=RANKS.__getitem__),
                "ids": [row.external_id for row in rows],
                "states": [row.state for row in rows],
                "codes": [row.error_code for row in rows],
                "errors": [row.error for row in rows],
                "sent": [row.sent_at for row in rows],
                "delivered": [row.delivered_at for row in rows],
                "read": [row.read_at for row in rows],
                "failed": [row.failed_at for row in rows],
            },
        )
    return [row.external_id for row in rows]


def known(channel_id: UUID | str, external_ids: Sequence[str]) -> dict[str, MessageStatus]:
    """Return what is known of the ids."""
    rows = MessageStatus.objects.filter(channel_id=channel_id, external_id__in=external_ids)
    return {row.external_id: row for row in rows}
