"""Campaigns that repeat: the pattern, and its times, each of which becomes a campaign of its own exactly once.

A time is made in one transaction with the row that names its day and with the pattern's next moment, under the pattern's lock:
a crash leaves all or nothing, and of two crons one finds nothing to do. That a day has one time only is kept by the database.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from bookings.days_off import DaysOff
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, CampaignAgent, CampaignState, Occurrence, Outcome, Recurrence
from campaigns.schedules.rules import Rule, refused
from campaigns.schedules.slots import ONE_DAY, Slot, limited, slots
from campaigns.services.readiness import check_ready
from campaigns.services.transitions import Action, check, lock, tell_pages
from core.clock import local, now
from core.crashpoints import crashpoint
from core.ids import uuid7

COUNTED = (Outcome.MADE, Outcome.NOBODY)
# What is the pattern's own; everything else that it says, its times say too.
OWN_FIELDS = frozenset({"id", "state", "start_at", "repeats", "series", "created_at", "archived_at", "shares"})
PREVIEWED = 5
# A time that is moved past days off comes some days after its day.
LONGEST_MOVE = timedelta(days=15)


def previewed(rule: Rule, zone: str, series: Campaign | None = None) -> list[Slot]:
    """Return the next five times of a rule, with the days between them that are left out; ``series`` may have made some."""
    return list(limited(_coming(rule, zone, DaysOff.of_business(), series), PREVIEWED))


@transaction.atomic
def repeat(
    campaign: Campaign, rule: Mapping[str, Any], *, starts: bool = True, actor: Membership | None = None
) -> Campaign:
    """Let a campaign that has not started be the pattern of a series; again, to change it, which affects what is to come.

    ``starts`` False keeps it as a draft. Raises :class:`CampaignIncompleteError` where no time is left.
    """
    locked = lock(campaign)
    check(locked, Action.UPDATE)
    checked = Rule.of(rule)
    locked.repeats, locked.state, locked.start_at = True, CampaignState.DRAFT, None
    _forget_skips(locked, checked)
    Recurrence.objects.update_or_create(
        campaign=locked, organization_id=locked.organization_id, defaults={"rule": checked.kept(), "next_on": None}
    )
    if starts:
        check_ready(locked)
        _aim(locked, checked)
    locked.save(update_fields=["repeats", "state", "start_at"])
    record_audit("campaign.repeats", actor=actor, target=locked.name, data={"rule": checked.kept()})
    tell_pages(locked)
    return locked


@transaction.atomic
def once(campaign: Campaign) -> Campaign:
    """Let a campaign that was to repeat be an ordinary draft again; refused once one of its times is over."""
    locked = lock(campaign)
    if not locked.repeats:
        return locked
    check(locked, Action.UPDATE)
    if Occurrence.objects.filter(series=locked).exists():
        words = _("This series has sent already. End it, and copy it as a new campaign to send once.")
        raise CampaignIncompleteError(words, code="when")
    Recurrence.objects.filter(campaign=locked).delete()
    locked.repeats = False
    locked.save(update_fields=["repeats"])
    return locked


def go_on(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Let a held series that the caller has locked go on with its next time; those it missed are not made up for."""
    check_ready(campaign)
    campaign.pause_reason, campaign.archived_at = "", None
    _aim(campaign, Rule.of(campaign.recurrence.rule))
    campaign.save(update_fields=["state", "start_at", "pause_reason", "archived_at"])
    record_audit("campaign.resumed", actor=actor, target=campaign.name)
    tell_pages(campaign)
    return campaign


def forget(campaign: Campaign) -> None:
    """Take a campaign that is deleted out of the series that it is, or is a time of."""
    Occurrence.objects.filter(run=campaign).update(run=None)
    Occurrence.objects.filter(series=campaign).delete()
    Recurrence.objects.filter(campaign=campaign).delete()
    Campaign.objects.filter(series=campaign).update(series=None)


@transaction.atomic
def make_due(series_id: UUID) -> Campaign | None:
    """Make the time of a series that has come, to be started like any other campaign; return it.

    Of several that were missed, because nothing was running, only the last is made; the others are written down.
    """
    rows = Campaign.objects.select_for_update(skip_locked=True, of=["self"])
    series: Campaign | None = rows.filter(
        pk=series_id, repeats=True, state=CampaignState.SCHEDULED, start_at__lte=now()
    ).first()
    if series is None:
        return None
    crashpoint("series.locked")
    run = _catch_up(series)
    tell_pages(series)
    crashpoint("series.made")
    return run


@transaction.atomic
def note_nobody(run: Campaign, words: str) -> None:
    """End a time of a series that has nobody to write to: nothing is wrong, and the series goes on."""
    waiting = Campaign.objects.filter(pk=run.pk, state=CampaignState.SCHEDULED)
    if waiting.update(state=CampaignState.COMPLETED, finished_at=now()):
        Occurrence.objects.filter(run=run).update(outcome=Outcome.NOBODY, note=words[:300])
        tell_pages(run)


def _catch_up(series: Campaign) -> Campaign | None:
    at, rule = now(), Rule.of(series.recurrence.rule)
    zone, off = series.organization.timezone, DaysOff.of_business()
    passed = _passed(series, rule, zone, off, at)
    last = max((number for number, slot in enumerate(passed) if slot.at is not None), default=-1)
    run = None
    for number, slot in enumerate(passed):
        if number == last:
            run = _made(series, slot)
        write_down(series, slot, _outcome(slot, number == last), run if number == last else None)
        if number == last:
            crashpoint("series.run")
    _aim_after(series, rule, zone, off)
    series.save(update_fields=["state", "start_at", "finished_at"])
    return run


def _passed(series: Campaign, rule: Rule, zone: str, off: DaysOff, at: datetime) -> list[Slot]:
    """Return the slots whose moment or, where they are left out, whose day has come."""
    since = series.recurrence.next_on
    coming = slots(rule, zone, off, after=since - ONE_DAY if since else None)
    return list(takewhile(lambda slot: (slot.at or rule.moment(slot.planned_on, zone)) <= at, coming))


def _made(series: Campaign, slot: Slot) -> Campaign:
    """Write a copy of the pattern that starts at the slot; the audience is chosen when it does."""
    assert slot.at is not None
    at = local(slot.at, series.organization.timezone)
    with translation.override(series.organization.language):
        day = date_format(at, "d/m")
    fields = {
        one.attname: getattr(series, one.attname)
        for one in Campaign._meta.concrete_fields
        if one.name not in OWN_FIELDS
    }
    fields["name"] = f"{series.name[:110]} · {day}"
    run: Campaign = Campaign.objects.create(
        **fields, state=CampaignState.SCHEDULED, start_at=slot.at, series=series, repeats=False
    )
    for rows in (
        series.variants.order_by("pk"),
        series.steps.order_by("pk"),
        series.campaign_lists.order_by("pk"),
        series.campaign_channels.order_by("pk"),
        CampaignAgent.objects.filter(campaign=series),
    ):
        _copy(rows, run)
    return run


def _copy(rows: "models.QuerySet[Any]", run: Campaign) -> None:
    copies = list(rows)
    for row in copies:
        row.pk, row.campaign = uuid7(), run
        row._state.adding = True
    rows.model.objects.bulk_create(copies)


def _outcome(slot: Slot, is_made: bool) -> Outcome:
    return Outcome.MADE if is_made else Outcome.MISSED if slot.at else Outcome.HOLIDAY


def write_down(series: Campaign, slot: Slot, outcome: Outcome, run: Campaign | None = None) -> None:
    """Keep what became of a time, so that it never comes again."""
    Occurrence.objects.create(
        organization_id=series.organization_id, series=series, planned_on=slot.planned_on,
        due_at=slot.at or Rule.of(series.recurrence.rule).moment(slot.planned_on, series.organization.timezone),
        outcome=outcome, run=run, note=slot.holiday[:300],
    )  # fmt: skip


def next_slots(series: Campaign) -> list[Slot]:
    """Return the next time of a series after those that are left out before it; nothing where none is to come."""
    rule = Rule.of(series.recurrence.rule)
    return _as_far_as_real(_coming(rule, series.organization.timezone, DaysOff.of_business(), series))


def times_until(patterns: Sequence[Campaign], until: datetime, zone: str, most: int) -> dict[UUID, list[datetime]]:
    """Return the next times of several series before a moment, at most so many of each; in few queries, however many series."""
    off = DaysOff.of_business() if patterns else DaysOff()
    counted = Occurrence.objects.filter(series__in=patterns, outcome__in=COUNTED).order_by().values_list("series_id")
    done = dict(counted.annotate(count=models.Count("pk")))
    return {
        one.pk: list(islice(takewhile(lambda at: at < until, _times(one, zone, off, done.get(one.pk, 0))), most))
        for one in patterns
    }


def _times(series: Campaign, zone: str, off: DaysOff, done: int) -> Iterator[datetime]:
    rule, since = Rule.of(series.recurrence.rule), series.recurrence.next_on
    coming = slots(rule, zone, off, after=since - ONE_DAY if since else None)
    left = None if rule.count is None else rule.count - done
    return (slot.at for slot in limited(coming, left) if slot.at is not None)


def aim(series: Campaign) -> None:
    """Set a series that the caller has locked to its next time; raises :class:`CampaignIncompleteError` where none is left."""
    _aim(series, Rule.of(series.recurrence.rule))
    series.save(update_fields=["state", "start_at"])


def _aim(series: Campaign, rule: Rule) -> None:
    """Set the series to its next time from now on."""
    zone = series.organization.timezone
    if not _set_next(series, _coming(rule, zone, DaysOff.of_business(), series)):
        raise refused(_("No time of this series is left. Change its days or its end."))


def _aim_after(series: Campaign, rule: Rule, zone: str, off: DaysOff) -> None:
    """Set the series to the time after those that have passed, or end it."""
    before = _last_day(series) or (series.recurrence.next_on or rule.first_on) - ONE_DAY
    coming = slots(rule, zone, off, after=before)
    if not _set_next(series, limited(coming, _left(rule, series))):
        check(series, Action.COMPLETE)
        series.state, series.start_at, series.finished_at = CampaignState.COMPLETED, None, now()


def _set_next(series: Campaign, coming: Iterator[Slot]) -> bool:
    """Keep the first real slot as the next moment, and the first day of all as the one to go on from."""
    found = _as_far_as_real(coming)
    series.recurrence.next_on = found[0].planned_on if found else None
    series.recurrence.save(update_fields=["next_on"])
    if found:
        series.state, series.start_at = CampaignState.SCHEDULED, found[-1].at
    return bool(found)


def _as_far_as_real(coming: Iterator[Slot]) -> list[Slot]:
    """Return the first slot that is sent with those that are left out before it; nothing where all are."""
    found = []
    for slot in coming:
        found.append(slot)
        if slot.at is not None:
            return found
    return []


def _forget_skips(series: Campaign, rule: Rule) -> None:
    """Of days that another rule has, none was left out by hand."""
    skipped = Occurrence.objects.filter(series=series, outcome=Outcome.SKIPPED, due_at__gt=now())
    if not Recurrence.objects.filter(campaign=series, rule=rule.kept()).exists():
        skipped.delete()


def _coming(rule: Rule, zone: str, off: DaysOff, series: Campaign | None) -> Iterator[Slot]:
    """Yield the slots that are still to come now, none of days that are over or made."""
    at = now()
    today = local(at, zone).date()
    done = _last_day(series)
    since = max(today - LONGEST_MOVE, done) if done else today - LONGEST_MOVE
    coming = (
        slot
        for slot in slots(rule, zone, off, after=since)
        if (slot.at > at if slot.at is not None else slot.planned_on >= today)
    )
    yield from limited(coming, _left(rule, series))


def _last_day(series: Campaign | None) -> date | None:
    if series is None:
        return None
    found: date | None = Occurrence.objects.filter(series=series).aggregate(last=models.Max("planned_on"))["last"]
    return found


def _left(rule: Rule, series: Campaign | None) -> int | None:
    if rule.count is None or series is None:
        return rule.count
    return rule.count - int(Occurrence.objects.filter(series=series, outcome__in=COUNTED).count())
