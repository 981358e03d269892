"""The sender's statements: claim, settle, give back, sweep. Each is one statement, so that a crash falls between, never inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

LEASE_SECONDS = 70
MAX_ATTEMPTS = 4
BACKOFF = (1, 4, 16)


@dataclass(frozen=True)
class Claimed:
    """One recipient that this sender may send, under its token."""

    recipient_id: UUID
    campaign_id: UUID
    contact_id: UUID
    phone: str
    body: str
    attempts: int
    token: UUID


# One row per campaign in turn (row_number), higher priority first, so campaigns on one channel advance together. Everything that
# may have changed since the audience was built is asked again here: campaign running, contact not opted out, erased or status 0.
_CLAIM = """
UPDATE campaigns_recipient AS recipient SET
  state = 'sending', claim_token = %(token)s, channel_id = %(channel)s, attempts = recipient.attempts + 1,
  lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM (
  SELECT queued.id FROM campaigns_campaign AS campaign
  JOIN campaigns_campaignchannel AS link ON link.campaign_id = campaign.id AND link.channel_id = %(channel)s
  CROSS JOIN LATERAL (
    SELECT r.id, r.position FROM campaigns_recipient AS r
    JOIN leads_contact AS contact ON contact.id = r.contact_id
    WHERE r.campaign_id = campaign.id AND r.state = 'queued'
      AND (r.next_attempt_at IS NULL OR r.next_attempt_at <= clock_timestamp())
      AND contact.opted_out_at IS NULL AND contact.anonymised_at IS NULL AND contact.status = 1
      AND (r.channel_id IS NULL OR r.channel_id = %(channel)s OR r.channel_id <> ALL(%(alive)s))
    ORDER BY r.position LIMIT %(share)s
    FOR UPDATE OF r SKIP LOCKED
  ) AS queued
  WHERE campaign.organization_id = %(organization)s AND campaign.state = 'running' AND campaign.id = ANY(%(campaigns)s)
  ORDER BY campaign.priority DESC, queued.position
  LIMIT %(count)s
) AS chosen
WHERE recipient.id = chosen.id AND recipient.state = 'queued'
RETURNING recipient.id, recipient.campaign_id, recipient.contact_id, recipient.phone, recipient.body, recipient.attempts
"""

_SETTLE = """
UPDATE campaigns_recipient AS recipient SET
  state = new.state, external_id = NULLIF(new.external, ''), error_code = new.code, error = new.error,
  sent_at = CASE WHEN new.state = 'sent' THEN new.at ELSE recipient.sent_at END,
  next_attempt_at = CASE WHEN new.state = 'queued' THEN clock_timestamp() + make_interval(secs => new.wait) END,
  attempts = recipient.attempts - new.refund,
  claim_token = NULL, lease_until = NULL
FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[], %(states)s::text[], %(externals)s::text[], %(codes)s::text[], %(errors)s::text[],
            %(ats)s::timestamptz[], %(waits)s::float8[], %(refunds)s::int[])
  AS new(id, token, state, external, code, error, at, wait, refund)
WHERE recipient.id = new.id AND recipient.claim_token = new.token AND recipient.state IN ('sending', 'unknown')
RETURNING recipient.id, recipient.campaign_id, recipient.state
"""

# What an earlier status (kept by the gateways) says of ids that were only now written, and the other way round.
APPLY_STATUSES = """
UPDATE campaigns_recipient AS recipient SET
  state = CASE
    WHEN known.state IN ('delivered', 'read') AND recipient.state <> 'read' THEN known.state
    WHEN known.state = 'sent' AND recipient.state IN ('sending', 'unknown', 'sent') THEN 'sent'
    WHEN known.state = 'failed' AND recipient.state IN ('queued', 'sending', 'sent', 'unknown') THEN 'failed'
    ELSE recipient.state END,
  error = CASE WHEN known.state = 'failed' THEN known.error ELSE recipient.error END,
  error_code = CASE WHEN known.state = 'failed' THEN known.error_code ELSE recipient.error_code END,
  sent_at = COALESCE(recipient.sent_at, known.sent_at, known.delivered_at, known.read_at),
  delivered_at = COALESCE(recipient.delivered_at, known.delivered_at, known.read_at),
  read_at = COALESCE(recipient.read_at, known.read_at)
FROM gateways_messagestatus AS known
WHERE known.channel_id = %s AND known.external_id = ANY(%s)
  AND recipient.channel_id = known.channel_id AND recipient.external_id = known.external_id
RETURNING recipient.campaign_id
"""

_LAPSED = """
UPDATE campaigns_recipient SET state = 'unknown', error_code = 'lease_lapsed'
WHERE state = 'sending' AND lease_until < clock_timestamp()
RETURNING organization_id, campaign_id
"""

_SENT_COUNT = """
UPDATE campaigns_campaign AS campaign SET sent_count = sent_count + new.count
FROM unnest(%s::uuid[], %s::int[]) AS new(id, count) WHERE campaign.id = new.id
"""


@dataclass(frozen=True)
class Settlement:
    """How one claimed send ended; ``wait_seconds`` and ``refund`` matter for what goes back to the queue."""

    claimed: Claimed
    state: str
    external_id: str = ""
    code: str = ""
    error: str = ""
    at: datetime | None = None
    wait_seconds: float = 0.0
    refund: int = 0


def claim(
    *, organization_id: UUID, channel_id: UUID, campaign_ids: Sequence[UUID], alive: Sequence[UUID], count: int
) -> list[Claimed]:
    """Claim up to ``count`` recipients for a channel; committed when this returns (autocommit). ``alive`` names the channels
    whose own recipients are not to be taken over."""
    token = uuid4()
    values = {
        "token": token, "channel": channel_id, "lease": LEASE_SECONDS, "organization": organization_id, "count": count,
        "campaigns": list(campaign_ids), "alive": list(alive), "share": max(1, -(-count // max(1, len(campaign_ids)))),
    }  # fmt: skip
    return [Claimed(*row, token) for row in _rows(_CLAIM, values)]


def settle(rows: Sequence[Settlement]) -> list[tuple[UUID, UUID, str]]:
    """Write the ends of sends whose claim is still ours; return (recipient, campaign, state) of those written."""
    values = {
        "ids": [r.claimed.recipient_id for r in rows],
        "tokens": [r.claimed.token for r in rows],
        "states": [r.state for r in rows],
        "externals": [r.external_id for r in rows],
        "codes": [r.code[:40] for r in rows],
        "errors": [r.error[:500] for r in rows],
        "ats": [r.at for r in rows],
        "waits": [r.wait_seconds for r in rows],
        "refunds": [r.refund for r in rows],
    }
    return _rows(_SETTLE, values)


def count_sent(sent: dict[UUID, int]) -> None:
    """Add to the campaigns' progress."""
    if sent:
        with connection.cursor() as cursor:
            cursor.execute(_SENT_COUNT, [list(sent), list(sent.values())])


def apply_statuses(channel_id: UUID | str, external_ids: Sequence[str]) -> set[UUID]:
    """Bring recipients to the furthest state known; return the campaigns that moved."""
    return {row[0] for row in _rows(APPLY_STATUSES, [channel_id, list(external_ids)])} if external_ids else set()


def lapse() -> set[tuple[UUID, UUID]]:
    """Turn claims whose sender is gone into ``unknown``; return (organization, campaign) of them."""
    return set(_rows(_LAPSED, []))


def _rows(statement: str, values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
