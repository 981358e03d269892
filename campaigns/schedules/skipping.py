"""One time of a series left out by hand, and taken back; the series itself goes on."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignStateError
from campaigns.models import Campaign, Occurrence, Outcome
from campaigns.schedules.series import aim, next_slots, write_down
from campaigns.services.transitions import Action, check, lock, tell_pages
from core.clock import now


@transaction.atomic
def skip(series: Campaign, planned_on: date, *, actor: Membership | None = None) -> Campaign:
    """Leave out the next time; raises :class:`CampaignStateError` where the day is not the next one, as after a double click."""
    locked = lock(series)
    check(locked, Action.SKIP)
    passing = next_slots(locked)
    if not passing or passing[-1].planned_on != planned_on:
        raise CampaignStateError(_("Only the next time of a series can be left out."), code="not_next")
    for slot in passing[:-1]:
        write_down(locked, slot, Outcome.HOLIDAY)
    write_down(locked, passing[-1], Outcome.SKIPPED)
    return _aimed(locked, "campaign.time_skipped", planned_on, actor)


@transaction.atomic
def take_back(series: Campaign, planned_on: date, *, actor: Membership | None = None) -> Campaign:
    """Let a time that was left out come after all, while it is the last one and still to come."""
    locked = lock(series)
    check(locked, Action.SKIP)
    last = Occurrence.objects.filter(series=locked).order_by("-planned_on").first()
    if last is None or last.planned_on != planned_on or last.outcome != Outcome.SKIPPED or last.due_at <= now():
        raise CampaignStateError(_("This time of the series cannot come any more."), code="not_skipped")
    last.delete()
    return _aimed(locked, "campaign.time_restored", planned_on, actor)


def _aimed(series: Campaign, action: str, planned_on: date, actor: Membership | None) -> Campaign:
    aim(series)
    record_audit(action, actor=actor, target=series.name, data={"planned_on": planned_on.isoformat()})
    tell_pages(series)
    return series
