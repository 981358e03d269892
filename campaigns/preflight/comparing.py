"""A campaign beside what was planned at its start."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.models import Campaign, CampaignState
from campaigns.queries.figures import sent_by_channel
from campaigns.queries.forecast import outlook
from campaigns.results.lines import MICROS_PER_CENT, results_of
from core.clock import now


@dataclass(frozen=True)
class Compared:
    """A number planned and one that came about, of people or of cents."""

    planned: int
    done: int

    @property
    def difference(self) -> int:
        return self.done - self.planned


@dataclass(frozen=True)
class Comparison:
    """``ends_at`` is the real end, or the one in sight while the campaign runs; ``late_seconds`` how much later than planned.

    ``messages`` of a sequence are planned as if nobody ended it. ``by_channel`` are those of each number up to now, ``due`` how
    many were planned to have left by now; ``ai_at`` is of when the cost of the AI is, None for now.
    """

    made_at: datetime
    planned_end: datetime | None
    ends_at: datetime | None
    is_over: bool
    messages: Compared
    due: int
    fee: Compared
    ai: Compared
    by_channel: dict[UUID, Compared]
    ai_at: datetime | None = None

    @property
    def late_seconds(self) -> int | None:
        if self.planned_end is None or self.ends_at is None:
            return None
        return int((self.ends_at - self.planned_end).total_seconds())


def compare(campaign: Campaign) -> Comparison | None:
    """Set a campaign beside its promise; None where it made none."""
    kept = campaign.promise
    if not kept:
        return None
    found = results_of(campaign, "numero")
    over = campaign.state in {CampaignState.COMPLETED, CampaignState.CANCELLED}
    plan = None if over else outlook(campaign)
    sent = {UUID(pk): rows for pk, rows in kept["hours"].items()}
    done = {pk: count for pk, count in sent_by_channel(campaign).items() if pk is not None}
    return Comparison(
        made_at=datetime.fromisoformat(kept["made_at"]),
        planned_end=datetime.fromisoformat(kept["ends_at"]) if kept["ends_at"] else None,
        ends_at=_last_send(campaign) if over else plan.ends_at if plan else None,
        is_over=over,
        messages=Compared(kept.get("messages", kept["people"]), found.whole.people.sent),
        due=sum(_due(rows) for rows in sent.values()),
        fee=Compared(kept["fee_micros"] // MICROS_PER_CENT, found.whole.fee_cents),
        ai=Compared(kept["ai_micros"] // MICROS_PER_CENT, found.whole.ai_cents),
        by_channel={
            pk: Compared(sum(count for _hour, count in sent.get(pk, ())), done.get(pk, 0)) for pk in {*sent, *done}
        },
        ai_at=found.at,
    )


def _due(rows: list[list[Any]]) -> int:
    at = now()
    return sum(count for hour, count in rows if datetime.fromisoformat(hour) <= at)


def _last_send(campaign: Campaign) -> datetime | None:
    rows = campaign.recipients.exclude(sent_at=None).order_by("-sent_at")
    return rows.values_list("sent_at", flat=True).first()
