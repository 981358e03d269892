"""The campaigns that are in line for numbers, or will be: read from the database for the calendar."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMinute

from bookings.days_off import DaysOff, days_off_in, rests_of
from campaigns.models import (
    SENT_STATES,
    Campaign,
    CampaignChannel,
    CampaignState,
    Recipient,
    RecipientState,
    Step,
    Tally,
    Variant,
)
from campaigns.preflight.line import Line
from campaigns.schedules.series import times_until
from campaigns.services.audience import ordered_lists, preview_of
from gateways.models import SENDING_ROLES

STARTS = 60
"""So many starts to come are looked at, the next ones first."""
REMEMBERED_SECONDS = 600


class Start(NamedTuple):
    """A campaign that begins by itself, or a time of a series."""

    at: datetime
    campaign: Campaign


def running_lines(links: Iterable[CampaignChannel], mine: Campaign | None = None) -> dict[UUID, Line]:
    """Return the lines of campaigns that run, still empty, from their links to the numbers that serve them in the order of serving.

    ``mine`` gets one of its own, whose numbers the caller knows.
    """
    rows = list(links)
    campaigns = {link.campaign_id: link.campaign for link in rows} | ({mine.pk: mine} if mine else {})
    off, steps = days_off_in(one.sending_hours for one in campaigns.values()), _sequences(campaigns)
    found = {pk: _empty(one, steps[pk], off) for pk, one in campaigns.items()}
    for turn, link in enumerate(rows):
        line = found[link.campaign_id]
        line.channels = {*line.channels, link.channel_id}
        line.served[link.channel_id] = turn
    return found


def fill(lines: dict[UUID, Line], zone: str) -> None:
    """Put the recipients of campaigns in their lines: who is queued, and who waits for a further step."""
    if not lines:
        return
    following = [pk for pk, line in lines.items() if line.sequence]
    steps = dict(Variant.objects.filter(campaign__in=following).values_list("pk", "step")) if following else {}
    queued = Tally.objects.filter(campaign__in=lines, state=RecipientState.QUEUED)
    counted = queued.values_list("campaign_id", "channel_ref", "variant_ref").annotate(people=Sum("people"))
    for pk, channel_id, variant_id, people in sorted(counted, key=lambda row: steps.get(row[2], 1)):
        lines[pk].add(channel_id, people, steps.get(variant_id, 1))
    if not following:
        return
    left = Recipient.objects.filter(campaign__in=following, leads_on=True, state__in=SENT_STATES, sent_at__isnull=False)
    minutes = (
        left.order_by()
        .annotate(minute=TruncMinute("sent_at"))
        .values_list("campaign_id", "channel_id", "step", "minute")
    )
    for pk, channel_id, step, minute, count in minutes.annotate(count=Count("pk")):
        line = lines[pk]
        by = channel_id if channel_id in line.channels else next(iter(line.channels), None)
        line.expect(by, minute, count, step, zone)


def links_of(states: Sequence[str], channel_ids: Collection[UUID] | None) -> "QuerySet[CampaignChannel]":
    """Return the links to the numbers at work of campaigns in some states that share one of these numbers; None for all."""
    serves = Q(channel__role__in=SENDING_ROLES) | ~Q(took_over_at=None)
    rows: QuerySet[CampaignChannel] = CampaignChannel.objects.filter(serves, campaign__state__in=states)
    if channel_ids is not None:
        sharing = CampaignChannel.objects.filter(channel__in=channel_ids, campaign__state__in=states)
        rows = rows.filter(campaign__in=sharing.values("campaign_id"))
    return rows.select_related("campaign").order_by("served_at")


# ---- What begins later -------------------------------------------------------------------------------------------------


def starts_until(until: datetime, channel_ids: Collection[UUID] | None, mine: UUID | None, zone: str) -> list[Start]:
    """Return the campaigns and times of series that begin by themselves before a moment, in their order."""
    links = links_of([CampaignState.SCHEDULED], channel_ids).filter(campaign__start_at__lt=until)
    waiting = Campaign.objects.filter(pk__in=links.order_by().values("campaign_id")).exclude(pk=mine)
    found = list(waiting.select_related("recurrence").order_by("start_at")[:STARTS])
    times = times_until([one for one in found if one.repeats], until, zone, STARTS)
    starts = [Start(one.start_at, one) for one in found if not one.repeats and one.start_at is not None]
    starts += [Start(at, one) for one in found if one.repeats for at in times[one.pk]]
    return list(islice(sorted(starts, key=lambda start: start.at), STARTS))


def lines_of(starts: Sequence[Start]) -> list[Line]:
    """Return starts to come as lines of the people who would receive them if they began now."""
    pks = {start.campaign.pk for start in starts}
    off = days_off_in(start.campaign.sending_hours for start in starts)
    steps, numbers = _sequences(pks), defaultdict[UUID, set[UUID]](set)
    for campaign_id, channel_id in (
        links_of([CampaignState.SCHEDULED], None).filter(campaign__in=pks).values_list("campaign_id", "channel_id")
    ):
        numbers[campaign_id].add(channel_id)
    people = {start.campaign.pk: start.campaign for start in starts}
    counts = {pk: receivers(campaign) for pk, campaign in people.items()}
    found = []
    for start in starts:
        line = _empty(start.campaign, steps[start.campaign.pk], off)
        line.channels, line.starts_at = numbers[start.campaign.pk], start.at
        line.add(None, counts[start.campaign.pk])
        found.append(line)
    return found


def receivers(campaign: Campaign) -> int:
    """Return who would receive a campaign if it began now; remembered for some minutes, as long as it is for the same people."""
    said = repr((ordered_lists(campaign), sorted(campaign.audience_rules.items())))
    key = f"preflight:receivers:{campaign.pk}:{sha256(said.encode()).hexdigest()[:16]}"
    return cache.get_or_set(key, lambda: preview_of(campaign).receives, REMEMBERED_SECONDS) or 0


def _empty(campaign: Campaign, sequence: Sequence[Step], off: DaysOff) -> Line:
    hours = campaign.sending_hours
    return Line(set(), hours, campaign.priority, rests_of(hours, off), sequence=sequence)


def _sequences(campaign_ids: Iterable[UUID]) -> dict[UUID, list[Step]]:
    found: dict[UUID, list[Step]] = defaultdict(list)
    for step in Step.objects.filter(campaign__in=list(campaign_ids)).order_by("number"):
        found[step.campaign_id].append(step)
    return found
