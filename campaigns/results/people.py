"""The people of a sequence, each once however many messages they got: what its funnel counts, where its tables count messages."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from campaigns.models import SENT_STATES, Campaign, RecipientState
from campaigns.results.cells import ARRIVED, PEOPLE_BY_KIND, Cell, values_of

_REACHED = """
SELECT count(DISTINCT contact_id), count(DISTINCT contact_id) FILTER (WHERE state = ANY(%(sent)s)),
       count(DISTINCT contact_id) FILTER (WHERE state = ANY(%(arrived)s)), count(DISTINCT contact_id) FILTER (WHERE state = %(read)s),
       count(DISTINCT contact_id) FILTER (WHERE replied_at IS NOT NULL)
FROM campaigns_recipient WHERE organization_id = %(organization)s AND campaign_id = %(campaign)s AND state <> %(skipped)s
"""


@dataclass(frozen=True)
class People:
    """``total`` are those of the lists who are not left out; each further number is a part of it."""

    total: int
    sent: int
    delivered: int
    read: int
    replied: int
    qualified: int = 0
    booked: int = 0
    paid: int = 0


def people_of(campaign: Campaign, whole: Cell) -> People | Cell:
    """Return whom a campaign reached; where nobody gets more than one message, ``whole`` says that already."""
    if not campaign.steps.exists():
        return whole
    reached = _asked(_REACHED, _states(campaign))[0]
    followed = dict(_asked(PEOPLE_BY_KIND, values_of(campaign, campaign.started_at))) if campaign.started_at else {}
    return People(*reached, *(followed.get(kind, 0) for kind in ("qualified", "booked", "paid")))


def _states(campaign: Campaign) -> dict[str, Any]:
    return {
        "organization": campaign.organization_id, "campaign": campaign.pk, "sent": list(SENT_STATES), "arrived": list(ARRIVED),
        "read": RecipientState.READ, "skipped": RecipientState.SKIPPED,
    }  # fmt: skip


def _asked(sql: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[Any] = cursor.fetchall()
    return rows
