"""One table of facts of which every figure is a sum: by wording, number and hour of the day on which the message left.

A qualification, a booking, a payment or a call of a model belongs to the newest campaign message that its contact had got
before it and whose campaign's days were not over. So each belongs to one campaign at most, and campaigns add up.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Sum

from billing.models import ChargeState
from bookings.models import BookingState
from campaigns.models import SENT_STATES, Campaign, Recipient, RecipientState, Tally

ARRIVED = SENT_STATES[1:]
BOOKED = (BookingState.CONFIRMED, BookingState.MOVED, BookingState.DONE, BookingState.MISSED)
PAID = (ChargeState.PAID, ChargeState.REFUNDING)

# Contacts who did something while the campaign's messages could have led to it; amounts in millionths of a real.
_HAPPENED = """
SELECT 'qualified' AS kind, contact_id, qualified_at AS at, 0::bigint AS micros FROM sdr_qualification
WHERE organization_id = %(organization)s AND qualified_at >= %(since)s
UNION ALL
SELECT 'booked', contact_id, created_at, 0 FROM bookings_booking
WHERE organization_id = %(organization)s AND created_at >= %(since)s AND state = ANY(%(booked)s)
UNION ALL
SELECT 'paid', l.contact_id, c.paid_at, (c.amount_cents - c.refunded_cents)::bigint * 10000
FROM billing_charge c JOIN bookings_chargelink l ON l.charge_id = c.id AND l.organization_id = c.organization_id
WHERE c.organization_id = %(organization)s AND c.paid_at >= %(since)s AND c.state = ANY(%(paid)s) AND l.contact_id IS NOT NULL
UNION ALL
SELECT 'ai', v.contact_id, m.at, m.cost_micros
FROM sdr_modelcall m JOIN conversations_conversation v ON v.id = m.conversation_ref AND v.organization_id = m.organization_id
WHERE m.organization_id = %(organization)s AND m.at >= %(since)s AND m.cost_micros > 0
"""
# The newest message before, of any campaign: for one contact.
_LED_TO = """
CROSS JOIN LATERAL (
  SELECT r.* FROM campaigns_recipient r JOIN campaigns_campaign c ON c.id = r.campaign_id
  WHERE r.organization_id = %(organization)s AND r.contact_id = h.contact_id AND r.sent_at <= h.at
    AND r.sent_at > h.at - make_interval(days => c.attribution_days)
  ORDER BY r.sent_at DESC, r.id DESC LIMIT 1
) r
"""
# The same from the side of one campaign, whose size decides what it costs: its messages, unless a newer one counts.
_OWNED = f"""
SELECT r.id, r.variant_id, r.channel_id, r.sent_at, h.kind, h.micros FROM ({_HAPPENED}) h
JOIN campaigns_recipient r ON r.organization_id = %(organization)s AND r.campaign_id = %(campaign)s AND r.contact_id = h.contact_id
JOIN campaigns_campaign own ON own.id = r.campaign_id
  AND r.sent_at <= h.at AND r.sent_at > h.at - make_interval(days => own.attribution_days)
WHERE NOT EXISTS (
  SELECT 1 FROM campaigns_recipient n JOIN campaigns_campaign c ON c.id = n.campaign_id
  WHERE n.organization_id = %(organization)s AND n.contact_id = h.contact_id
    AND n.sent_at <= h.at AND n.sent_at > h.at - make_interval(days => c.attribution_days)
    AND (n.sent_at, n.id) > (r.sent_at, r.id)
)
"""
_WON = """
SELECT variant_id, channel_id, EXTRACT(HOUR FROM sent_at AT TIME ZONE %(zone)s)::int, 'won', count(*), 0::bigint
FROM campaigns_recipient WHERE organization_id = %(organization)s AND campaign_id = %(campaign)s AND won_at IS NOT NULL
GROUP BY 1, 2, 3
"""
_BY_CELL = f"""
SELECT variant_id, channel_id, EXTRACT(HOUR FROM sent_at AT TIME ZONE %(zone)s)::int, kind, count(DISTINCT id), sum(micros)::bigint
FROM ({_OWNED}) owned GROUP BY 1, 2, 3, 4
UNION ALL {_WON}
"""
BY_CAMPAIGN = f"""
SELECT r.campaign_id, h.kind, count(*), sum(h.micros)::bigint FROM ({_HAPPENED}) h {_LED_TO}
WHERE h.contact_id = %(contact)s GROUP BY 1, 2
"""
BY_CAMPAIGNS = f"""
SELECT r.campaign_id, h.kind, count(DISTINCT r.id), sum(h.micros)::bigint FROM ({_HAPPENED}) h {_LED_TO}
WHERE r.campaign_id = ANY(%(campaigns)s) GROUP BY 1, 2
"""
PEOPLE_BY_KIND = f"""
SELECT h.kind, count(DISTINCT r.contact_id) FROM ({_HAPPENED}) h {_LED_TO} WHERE r.campaign_id = %(campaign)s GROUP BY 1
"""
_BY_PERSON = f"""
SELECT id, kind, count(*), sum(micros)::bigint
FROM ({_OWNED} AND h.contact_id = ANY(%(contacts)s) AND r.id = ANY(%(recipients)s)) owned GROUP BY 1, 2
"""


class Place(NamedTuple):
    """Where a message stands; ``hour`` is None for one that has not left."""

    variant_id: UUID | None
    channel_id: UUID | None
    hour: int | None


@dataclass
class Cell:
    """Messages by what became of them, those whose person did something afterwards, and money in millionths of a real.

    Where everybody gets one message these are people; of a sequence :mod:`campaigns.results.people` counts those.
    """

    total: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    qualified: int = 0
    booked: int = 0
    paid: int = 0
    won: int = 0
    fee: int = 0
    ai: int = 0
    revenue: int = 0

    def add(self, other: "Cell") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


Deeds = list[tuple[UUID | None, UUID | None, int, str, int, int]]


def count_deeds(campaign: Campaign) -> Deeds:
    """Return what followed the messages: (wording, number, hour, kind, people, millionths of a real)."""
    return _asked(campaign, _BY_CELL, zone=campaign.organization.timezone)


def messages_of(campaign: Campaign) -> dict[Place, Cell]:
    """Return people and fees of now, without what followed."""
    return _messages(campaign, campaign.organization.timezone)


def with_deeds(messages: Mapping[Place, Cell], deeds: Deeds) -> dict[Place, Cell]:
    """Return the facts of a campaign: its messages, and what followed."""
    found = defaultdict(Cell, messages)
    for variant_id, channel_id, hour, kind, people, micros in deeds:
        record(found[Place(variant_id, channel_id, hour)], kind, people, micros)
    return dict(found)


def deeds_of(campaign: Campaign, recipients: Sequence[Recipient]) -> dict[UUID, Cell]:
    """Return what these did after the message, and what the AI's talk with them cost; who did nothing is absent."""
    found: dict[UUID, Cell] = defaultdict(Cell)
    ids = {"contacts": [one.contact_id for one in recipients], "recipients": [one.pk for one in recipients]}
    for recipient_id, kind, times, micros in _asked(campaign, _BY_PERSON, **ids):
        record(found[recipient_id], kind, times, micros)
    return dict(found)


def fee_micros(campaign: Campaign, variant_id: UUID | None, channel_id: UUID | None) -> int:
    """Return what a delivered message cost by the prices of the start; nothing by a number that Meta does not bill."""
    return int(campaign.fees.get(str(channel_id), {}).get(str(variant_id), 0))


def _messages(campaign: Campaign, zone: str) -> dict[Place, Cell]:
    """Return people and fees; the hours are whole ones of UTC, which in Brazil begin with those of the clock."""
    local, found = ZoneInfo(zone), defaultdict[Place, Cell](Cell)
    rows = Tally.objects.filter(campaign=campaign).exclude(state=RecipientState.SKIPPED)
    summed = rows.values_list("variant_ref", "channel_ref", "hour", "state").annotate(Sum("people"), Sum("replied"))
    for variant_id, channel_id, at, state, people, replied in summed:
        place = Place(variant_id, channel_id, at.astimezone(local).hour if at else None)
        found[place].add(cell_of(campaign, place, state, people, replied))
    return {place: cell for place, cell in found.items() if cell.total}


def cell_of(campaign: Campaign, place: Place, state: str, people: int, replied: int) -> Cell:
    delivered = people if state in ARRIVED else 0
    return Cell(
        total=people,
        sent=people if state in SENT_STATES else 0,
        delivered=delivered,
        read=people if state == RecipientState.READ else 0,
        replied=replied,
        failed=people if state in {RecipientState.FAILED, RecipientState.INVALID} else 0,
        fee=delivered * fee_micros(campaign, place.variant_id, place.channel_id),
    )


def record(cell: Cell, kind: str, people: int, micros: int) -> None:
    match kind:
        case "ai":
            cell.ai = micros
        case "paid":
            cell.paid, cell.revenue = people, micros
        case _:
            setattr(cell, kind, people)


def values_of(campaign: Campaign, since: datetime, **more: Any) -> dict[str, Any]:
    """Return what the statements of what happened ask for, of the campaign's organization."""
    return {
        "organization": campaign.organization_id, "campaign": campaign.pk, "since": since, "booked": list(BOOKED),
        "paid": list(PAID), **more,
    }  # fmt: skip


def _asked(campaign: Campaign, sql: str, **more: Any) -> list[Any]:
    if campaign.started_at is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, values_of(campaign, campaign.started_at, **more))
        rows: list[Any] = cursor.fetchall()
    return rows
