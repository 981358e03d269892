"""Claims: each is one committed statement, so a crash falls before or after it, never inside.

The claim is the only door through which a message leaves, so everything that may have changed since the audience was
frozen is asked again here, by the database and on its clock: that the campaign runs, that the number may send now, that its
day's cap has room, that the contact may still be written to, and has not answered where that ends the sequence. The contact's row is locked
for the length of the statement: an opt-out is committed either before the claim, which then passes over the contact, or after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import connection, transaction

from campaigns.sender.returned import note_returned
from core.crashpoints import crashpoint
from core.placeholders import CAPITAL, END, WITHIN, within_sentence

# At least twice the longest that a send may take: 3 s to connect and 30 s to answer.
LEASE_SECONDS = 70.0
# What a provider said of a phone without an account is believed for this long.
INVALID_FOR_DAYS = 30

# The order is that of the partial index, column by column, so that a claim reads only the rows that it takes.
_PICK = """
  SELECT r.id
  FROM campaigns_recipient r
  JOIN leads_contact k ON k.id = r.contact_id
  WHERE r.campaign_id = (SELECT campaign_id FROM turn) AND r.channel_id {channel} AND r.state = 'queued'
    AND (r.next_attempt_at IS NULL OR r.next_attempt_at <= clock_timestamp())
    AND k.opted_out_at IS NULL AND k.anonymised_at IS NULL AND k.status = 1
    AND (r.silent_since IS NULL OR k.last_seen_at IS NULL OR k.last_seen_at <= r.silent_since)
  ORDER BY r.channel_id, r.position
  LIMIT (SELECT room FROM turn) - {taken}
  FOR UPDATE OF r SKIP LOCKED FOR SHARE OF k SKIP LOCKED
"""

# Whose turn it is: the campaign of the highest priority with something due, among equals the one served longest ago.
_CLAIM = f"""
WITH turn AS MATERIALIZED (
  SELECT cc.id AS link_id, cc.campaign_id,
         LEAST(%(count)s, %(cap)s::int - CASE WHEN ch.sent_on = %(today)s THEN ch.sent_today ELSE 0 END) AS room,
         GREATEST(0, COALESCE(extract(epoch FROM ch.next_send_at - clock_timestamp()), 0))::float8 AS delay
  FROM gateways_channel ch
  JOIN campaigns_campaignchannel cc ON cc.channel_id = ch.id
  JOIN campaigns_campaign c ON c.id = cc.campaign_id
  WHERE ch.id = %(channel)s AND ch.lease_token = %(lease)s AND ch.lease_until > clock_timestamp()
    AND ch.state = 'connected' AND ch.removed_at IS NULL
    AND (ch.paused_until IS NULL OR ch.paused_until <= clock_timestamp())
    AND (ch.next_send_at IS NULL OR ch.next_send_at <= clock_timestamp() + make_interval(secs => %(ahead)s))
    AND (%(cap)s::int IS NULL OR ch.sent_on IS DISTINCT FROM %(today)s OR ch.sent_today < %(cap)s::int)
    AND c.state = 'running' AND c.id = ANY(%(campaigns)s::uuid[])
    AND EXISTS (SELECT 1 FROM campaigns_recipient r
                WHERE r.campaign_id = c.id AND r.state = 'queued' AND (r.channel_id = ch.id OR r.channel_id IS NULL)
                  AND (r.next_attempt_at IS NULL OR r.next_attempt_at <= clock_timestamp()))
  ORDER BY c.priority DESC, cc.served_at NULLS FIRST, cc.id
  LIMIT 1
), mine AS MATERIALIZED ({_PICK.format(channel="= %(channel)s", taken="0")}
), free AS MATERIALIZED ({_PICK.format(channel="IS NULL", taken="(SELECT count(*) FROM mine)")}
), claimed AS (
  UPDATE campaigns_recipient r SET
    state = 'sending', channel_id = %(channel)s, attempts = r.attempts + 1, claim_token = %(token)s,
    body = CASE WHEN strpos(r.body, %(end)s) = 0 THEN r.body ELSE regexp_replace(regexp_replace(r.body,
           %(capital)s || '[^' || %(end)s || ']*', %(capital)s || %(greeting)s, 'g'),
           %(within)s || '[^' || %(end)s || ']*', %(within)s || %(lowered)s, 'g') END,
    lease_until = clock_timestamp() + make_interval(secs => %(hold)s)
  FROM (SELECT id FROM mine UNION ALL SELECT id FROM free) AS picked
  WHERE r.id = picked.id
  RETURNING r.id, r.campaign_id, r.contact_id, r.phone, r.body, r.attempts, r.position
), counted AS (
  UPDATE gateways_channel ch SET
    sent_today = CASE WHEN ch.sent_on = %(today)s THEN ch.sent_today ELSE 0 END + n.count, sent_on = %(today)s,
    last_sent_at = clock_timestamp(),
    next_send_at = clock_timestamp() + make_interval(secs => (SELECT delay FROM turn) + (%(gaps)s::float8[])[n.count])
  FROM (SELECT count(*)::int AS count FROM claimed) AS n
  WHERE ch.id = %(channel)s AND n.count > 0
), served AS (
  UPDATE campaigns_campaignchannel SET served_at = clock_timestamp() WHERE id = (SELECT link_id FROM turn)
)
SELECT claimed.id, claimed.campaign_id, claimed.contact_id, claimed.phone,
       translate(claimed.body, %(capital)s || %(within)s || %(end)s, ''), claimed.attempts,
       COALESCE(n.chat_id, ''), n.exists IS FALSE AND n.at > now() - make_interval(days => %(believed)s),
       (SELECT delay FROM turn)
FROM claimed
LEFT JOIN LATERAL (
  SELECT * FROM gateways_numbercheck c
  WHERE c.organization_id = %(organization)s AND c.channel_id = %(channel)s AND c.phone = claimed.phone LIMIT 1
) AS n ON true
ORDER BY claimed.position
"""

_GIVE_BACK = """
UPDATE campaigns_recipient SET
  state = 'queued', attempts = GREATEST(attempts - 1, 0), claim_token = NULL, lease_until = NULL,
  channel_id = CASE WHEN pinned THEN channel_id END
WHERE claim_token = %s AND state IN ('sending', 'unknown')
RETURNING id, campaign_id
"""

_SKIP = """
UPDATE campaigns_recipient r SET state = 'skipped',
  skip_reason = CASE WHEN k.anonymised_at IS NOT NULL THEN 'anonymised' WHEN k.opted_out_at IS NOT NULL THEN 'opted_out'
                WHEN k.status <> 1 THEN 'status' ELSE 'replied' END
FROM leads_contact k
WHERE k.id = r.contact_id AND r.campaign_id = ANY(%s::uuid[]) AND r.state = 'queued'
  AND (k.opted_out_at IS NOT NULL OR k.anonymised_at IS NOT NULL OR k.status <> 1 OR k.last_seen_at > r.silent_since)
"""


class Claimed(NamedTuple):
    """A recipient that is ours to write to until the lease ends; ``is_invalid`` where the phone is known to have no account.

    ``day`` is the one whose cap and whose messages of the plan it counts against.
    """

    id: UUID
    campaign_id: UUID
    contact_id: UUID
    phone: str
    body: str
    attempts: int
    chat_id: str
    is_invalid: bool
    token: UUID
    day: date


@dataclass(frozen=True)
class Wish:
    """What a claim may take: up to ``count`` rows of the ``campaigns``, ``cap`` a day (None: any number).

    ``gaps`` are the seconds from the first send to the end of the gap after the n-th; ``ahead`` is how long before the
    channel's next instant the claim may come; ``greeting`` is that of the hour.
    """

    organization_id: UUID
    channel_id: UUID
    lease: UUID
    campaigns: Sequence[UUID]
    count: int
    cap: int | None
    today: date
    gaps: Sequence[float]
    ahead: float
    greeting: str


def claim(wish: Wish, token: UUID | None = None) -> tuple[list[Claimed], float]:
    """Claim the next recipients of a channel, committed when this returns, and the seconds until the first may leave."""
    token = token or uuid4()
    values: dict[str, Any] = {
        "organization": wish.organization_id, "channel": wish.channel_id, "lease": wish.lease, "token": token,
        "campaigns": list(wish.campaigns), "count": wish.count, "cap": wish.cap, "today": wish.today,
        "ahead": wish.ahead, "gaps": list(wish.gaps), "hold": LEASE_SECONDS, "believed": INVALID_FOR_DAYS,
        "capital": CAPITAL, "within": WITHIN,
        "end": END, "greeting": wish.greeting, "lowered": within_sentence(wish.greeting),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        rows: list[Any] = cursor.fetchall()
    if rows:
        crashpoint("send.claimed")
    return [Claimed(*(*row[:8], token, wish.today)) for row in rows], (rows[0][8] if rows else 0.0)


def give_back(token: UUID) -> int:
    """Put a whole claim back that nobody began to send, e.g. one whose commit was not heard of."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, [token])
            rows: list[tuple[UUID, UUID]] = cursor.fetchall()
        note_returned(rows)
    return len(rows)


def skip_unsendable(campaign_ids: Sequence[UUID]) -> int:
    """Leave out queued contacts whom a claim passes over; return how many.

    They opted out, were erased or marked as not to be written to, or answered what a further step was to follow.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SKIP, [list(campaign_ids)])
        return cursor.rowcount
