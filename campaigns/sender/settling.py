"""Results written in batches: states, progress, threads and errors in one transaction, a handful of statements per batch."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from campaigns.models import RecipientState
from campaigns.sender.outcomes import Settlement
from campaigns.sender.returned import note_returned
from campaigns.services.statuses import apply_known_statuses
from conversations.services import states as thread_states
from conversations.services.campaign import CampaignMessage, record_campaign_messages
from core.clock import now
from core.crashpoints import crashpoint
from gateways import number_checks, statuses

IN_THREAD = frozenset({RecipientState.SENT.value, RecipientState.UNKNOWN.value})
UNUSED = frozenset({RecipientState.QUEUED.value, RecipientState.INVALID.value})
AT_FAULT = frozenset({RecipientState.FAILED.value, RecipientState.INVALID.value})

# Only the holder of the claim may write its end, also when the claim has lapsed meanwhile.
_SETTLE = """
UPDATE campaigns_recipient r SET
  state = CASE WHEN new.state = 'unknown' AND r.external_id IS NOT NULL THEN 'sent' ELSE new.state END,
  external_id = COALESCE(NULLIF(new.external, ''), r.external_id), error_code = new.code, error = new.error,
  sent_at = CASE WHEN new.state = 'sent' OR (new.state = 'unknown' AND r.external_id IS NOT NULL)
            THEN COALESCE(r.sent_at, new.at) ELSE r.sent_at END,
  next_attempt_at = CASE WHEN new.wait > 0 THEN clock_timestamp() + make_interval(secs => new.wait) END,
  attempts = GREATEST(r.attempts - new.refund, 0),
  channel_id = CASE WHEN new.state = 'queued' AND NOT r.pinned THEN NULL ELSE r.channel_id END,
  claim_token = NULL, lease_until = NULL
FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[], %(states)s::text[], %(externals)s::text[], %(codes)s::text[],
            %(errors)s::text[], %(ats)s::timestamptz[], %(waits)s::float8[], %(refunds)s::int[])
  AS new(id, token, state, external, code, error, at, wait, refund)
WHERE r.id = new.id AND r.claim_token = new.token AND r.state IN ('sending', 'unknown')
RETURNING r.id, r.state
"""

# The rows that all senders of a campaign and of a channel write: locked last, for a moment, in one order.
_PROGRESS = """
WITH locked AS MATERIALIZED (
  SELECT c.id, new.count FROM campaigns_campaign c
  JOIN unnest(%(campaigns)s::uuid[], %(counts)s::int[]) AS new(id, count) ON new.id = c.id
  ORDER BY c.id FOR NO KEY UPDATE OF c
), progress AS (
  UPDATE campaigns_campaign c SET sent_count = c.sent_count + locked.count FROM locked WHERE c.id = locked.id
)
UPDATE gateways_channel ch SET
  sent_today = GREATEST(ch.sent_today - COALESCE((
    SELECT back.count FROM unnest(%(days)s::date[], %(unused)s::int[]) AS back(day, count) WHERE back.day = ch.sent_on
  ), 0), 0),
  unacked_sends = ch.unacked_sends + %(sent)s
WHERE ch.id = %(channel)s
"""

_ERRORS = """
UPDATE campaigns_campaign SET errors = jsonb_set(errors, ARRAY[%(code)s::text], jsonb_build_object(
  'count', COALESCE((errors #>> ARRAY[%(code)s::text, 'count'])::int, 0) + %(count)s, 'text', %(text)s::text))
WHERE id = %(campaign)s
"""


def settle_batch(organization_id: UUID, channel_id: UUID, ended: Sequence[Settlement]) -> list[Settlement]:
    """Write how sends of one channel ended; return those whose claim was still ours, with the state that was written.

    A send in doubt whose id the provider's own echo has brought meanwhile is sent.

    Runs inside the organization. Writing a batch again, because the answer to its commit was lost, changes nothing.
    """
    crashpoint("send.settling")
    with transaction.atomic():
        written = _write(ended)
        mine = [row._replace(state=written[row.claimed.id]) for row in ended if row.claimed.id in written]
        record_campaign_messages(organization_id, [_message(channel_id, row) for row in mine if row.state in IN_THREAD])
        _count(channel_id, mine)
        _note_errors([row for row in mine if row.state in AT_FAULT])
        note_returned([(row.claimed.id, row.claimed.campaign_id) for row in mine if row.state == RecipientState.QUEUED])
    crashpoint("send.settled")
    _catch_up(channel_id, [row.external_id for row in mine if row.external_id])
    return mine


def remember_numbers(channel_id: UUID, ended: Sequence[Settlement], chat_ids: dict[str, str]) -> None:
    """Keep what the sends taught about phones: their chat id, or that they have no account."""
    learnt: dict[str, str | None] = dict(chat_ids)
    learnt |= {
        row.claimed.phone: None for row in ended if row.state == RecipientState.INVALID and not row.claimed.is_invalid
    }
    if learnt:
        number_checks.remember(channel_id, learnt)


def _count(channel_id: UUID, rows: Sequence[Settlement]) -> None:
    unused = Counter(row.claimed.day for row in rows if row.state in UNUSED)
    sent = Counter(row.claimed.campaign_id for row in rows if row.state == RecipientState.SENT)
    if not sent and not unused:
        return
    for row in rows:
        sent[row.claimed.campaign_id] += 0  # what is locked below, all at once, is what a return may need to look at
    values: dict[str, Any] = {
        "campaigns": list(sent), "counts": list(sent.values()), "sent": sent.total(), "channel": channel_id,
        "days": list(unused), "unused": list(unused.values()),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, values)


def _write(ended: Sequence[Settlement]) -> dict[UUID, str]:
    values: dict[str, Any] = {
        "ids": [row.claimed.id for row in ended],
        "tokens": [row.claimed.token for row in ended],
        "states": [row.state for row in ended],
        "externals": [row.external_id[:200] for row in ended],
        "codes": [row.code[:40] for row in ended],
        "errors": [row.error[:500] for row in ended],
        "ats": [row.at for row in ended],
        "waits": [row.wait_seconds for row in ended],
        "refunds": [row.refund for row in ended],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, values)
        return dict(cursor.fetchall())


def _message(channel_id: UUID, row: Settlement) -> CampaignMessage:
    claimed = row.claimed
    return CampaignMessage(
        claimed.id, claimed.contact_id, channel_id, claimed.body, row.state, row.external_id, row.at or now()
    )


def _note_errors(failures: Sequence[Settlement]) -> None:
    counts = Counter((row.claimed.campaign_id, row.code[:40] or "error") for row in failures)
    texts = {(row.claimed.campaign_id, row.code[:40] or "error"): row.error[:300] for row in failures}
    with connection.cursor() as cursor:
        for key in sorted(counts):
            campaign_id, code = key
            values: dict[str, Any] = {"campaign": campaign_id, "code": code, "count": counts[key], "text": texts[key]}
            cursor.execute(_ERRORS, values)


def _catch_up(channel_id: UUID, external_ids: list[str]) -> None:
    # A status may have come before its id was written: what the gateways know by now is applied after the commit, so
    # that of the two, the status that comes and the id that is written, the later one always finds the earlier.
    known = list(statuses.known(channel_id, external_ids)) if external_ids else []
    if known:
        apply_known_statuses(channel_id, known)
        thread_states.apply_known_statuses(channel_id, known)
