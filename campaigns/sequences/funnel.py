"""The funnel of a sequence: for each step who waits for it, who got it, read it and answered, and why others went no further."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count
from django.utils.translation import gettext as _

from campaigns.models import SENT_STATES, Campaign, Recipient, RecipientState, StopReason, Variant, WaitUnit
from campaigns.queries.figures import Part
from campaigns.sequences.people import going_on


@dataclass
class StepLine:
    """``coming`` wait for the step, ``queued`` have come to it, ``stopped`` went no further after it, in words."""

    number: int
    wait: int = 0
    unit: str = ""
    coming: int = 0
    queued: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    stopped: list[str] = field(default_factory=list)

    @property
    def is_days(self) -> bool:
        return self.unit == WaitUnit.DAYS

    @property
    def reply_rate(self) -> float:
        return round(self.replied / self.sent * 100, 2) if self.sent else 0.0


def funnel_of(campaign: Campaign, parts: Sequence[Part], variants: Iterable[Variant]) -> list[StepLine]:
    """Return the steps of a sequence in order; nothing for a campaign of one message."""
    lines = {step.number: StepLine(step.number, step.wait, step.unit) for step in campaign.steps.order_by("number")}
    if not lines:
        return []
    lines[1] = StepLine(1)
    steps = {one.pk: one.step for one in variants}
    for part in parts:
        _count(lines[steps.get(part.variant_id, 1) if part.variant_id else 1], part)
    waiting = going_on(campaign).order_by().values_list("step").annotate(count=Count("pk"))
    for number, count in waiting:
        if number + 1 in lines:
            lines[number + 1].coming = count
    for number, stopped in _stopped(campaign).items():
        lines[number].stopped = [_words(StopReason(reason), count) for reason, count in stopped.most_common()]
    return [lines[number] for number in sorted(lines)]


def _count(line: StepLine, part: Part) -> None:
    line.replied += part.replied
    if part.state in SENT_STATES:
        line.sent += part.people
    if part.state in SENT_STATES[1:]:
        line.delivered += part.people
    if part.state == RecipientState.READ:
        line.read += part.people
    if part.state in {RecipientState.QUEUED, RecipientState.SENDING}:
        line.queued += part.people
    if part.state in {RecipientState.FAILED, RecipientState.INVALID}:
        line.failed += part.people


def _words(reason: StopReason, count: int) -> str:
    words = {
        StopReason.REPLIED: _("%(count)s by an answer"),
        StopReason.BOOKED: _("%(count)s by a booking"),
        StopReason.CLOSED: _("%(count)s by the end of the conversation"),
        StopReason.GONE: _("%(count)s may not receive any more"),
        StopReason.EMPTY: _("%(count)s whose message would be empty"),
    }
    return words[reason] % {"count": count}


def _stopped(campaign: Campaign) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = defaultdict(Counter)
    rows = Recipient.objects.filter(campaign=campaign).exclude(stopped="").order_by().values_list("step", "stopped")
    for number, reason, count in rows.annotate(count=Count("pk")):
        found[number][reason] = count
    return found
