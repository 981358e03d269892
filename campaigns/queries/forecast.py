"""When a campaign will be through and which number sends when, by the arithmetic that the sender keeps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour

from billing import services as billing
from bookings.days_off import days_off_in, rests_of
from campaigns.models import Campaign, CampaignChannel, CampaignState
from campaigns.preflight.allowance import SHARED_FOR, Allowance, People
from campaigns.preflight.calendar import STEPS, Walk, end_of_sight
from campaigns.preflight.line import Line
from campaigns.preflight.lines import fill, lines_of, links_of, running_lines, starts_until
from campaigns.preflight.plan import Plan, PlannedDay
from campaigns.queries.waiting import serving
from campaigns.sequences.waits import Wait
from core.clock import SendingHours, now
from gateways.models import Channel, ChannelState, PortfolioContact
from gateways.portfolios import limit_of

__all__ = ["Plan", "PlannedDay", "eta", "outlook", "plan"]

QUICK_STEPS = 800
"""For what is asked again each few seconds while a campaign runs."""
ROUNDS = 2
"""How often a walk is taken again because more begins before its end, until all that is to come goes with it."""


def eta(campaign: Campaign, at: datetime | None = None) -> datetime | None:
    """Return about when the last message will leave, or None when that is not in sight (or nothing is left)."""
    found = outlook(campaign, at, steps=QUICK_STEPS)
    return found.ends_at if found else None


def outlook(campaign: Campaign, at: datetime | None = None, *, steps: int = STEPS) -> Plan | None:
    """Return the plan of what is still in line of a frozen campaign, and of the steps that follow it."""
    connected = [one for one in serving(campaign) if one.state == ChannelState.CONNECTED]
    usage = billing.usage(campaign.organization_id, now())
    sharing = _sharing(connected, usage)
    lines = running_lines(_running(sharing, campaign.pk), campaign)
    lines[campaign.pk].channels = {one.pk for one in connected}
    fill(lines, usage.zone)
    mine = lines.pop(campaign.pk)
    if not connected or not mine.left:
        return None
    return _plan(connected, mine, list(lines.values()), sharing, usage, campaign.pk, steps, at or now())


def plan(
    channels: Iterable[Channel], count: int, hours: SendingHours, organization_id: UUID, start: datetime | None = None,
    *, priority: int = 0, campaign_id: UUID | None = None, pinned: Mapping[UUID, int] | None = None, steps: int = STEPS,
    usage: billing.Usage | None = None, sequence: Sequence[Wait] = (),
) -> Plan | None:  # fmt: skip
    """Return the plan of ``count`` messages through these numbers, and of those ``pinned`` to one; None for nothing to plan.

    ``sequence`` are the waits of the steps that follow each. What other campaigns have in line for the same numbers, or will
    have before the end, takes its turns too. ``usage`` is that of the organization's plan, where the caller has it.
    """
    connected = [one for one in channels if one.state == ChannelState.CONNECTED]
    usage = usage or billing.usage(organization_id, now())
    rests = rests_of(hours, days_off_in([hours]))
    mine = Line({one.pk for one in connected}, hours, priority, rests, starts_at=start, sequence=sequence)
    for channel_id, people in (pinned or {}).items():
        mine.add(channel_id, people)
    mine.add(None, count)
    if not connected or not mine.left:
        return None
    sharing = _sharing(connected, usage)
    lines = running_lines(_running(sharing, campaign_id))
    fill(lines, usage.zone)
    return _plan(connected, mine, list(lines.values()), sharing, usage, campaign_id, steps, now())


def _sharing(connected: Sequence[Channel], usage: billing.Usage) -> set[UUID] | None:
    """Return the numbers that others must share to matter; None where the whole organization shares a limit."""
    is_limited = Allowance(usage, now(), usage.zone).is_limited or usage.per_minute
    return None if is_limited else {one.pk for one in connected}


def _running(sharing: set[UUID] | None, campaign_id: UUID | None) -> "QuerySet[CampaignChannel]":
    return links_of([CampaignState.RUNNING], sharing).exclude(campaign=campaign_id)


def _plan(
    connected: Sequence[Channel], mine: Line, others: Sequence[Line], sharing: set[UUID] | None, usage: billing.Usage,
    campaign_id: UUID | None, steps: int, at: datetime,
) -> Plan:  # fmt: skip
    """Walk with what is in line now, and again with what begins before the end that was found."""
    limit = end_of_sight(at, mine)
    coming = starts_until(limit, sharing, campaign_id, usage.zone)
    found, turn, beside = _walk(connected, mine, others, usage, steps, at), 0, []
    while new := [one for one in coming if turn >= ROUNDS or one.at < (found.ends_at or limit)]:
        coming = coming[len(new) :]
        others, turn = [*others, *lines_of(new)], turn + 1
        beside += [(one.campaign.name, one.at) for one in new]
        found = _walk(connected, mine, others, usage, steps, at)
    return replace(found, beside=[one for one in beside if found.ends_at is None or one[1] < found.ends_at])


def _walk(
    connected: Sequence[Channel], mine: Line, others: Sequence[Line], usage: billing.Usage, steps: int, at: datetime
) -> Plan:
    known = {one.pk for one in connected}
    beside = {pk for line in others for pk in line.channels} - known
    rows = [
        *connected,
        *Channel.objects.filter(pk__in=beside, state=ChannelState.CONNECTED).select_related("portfolio"),
    ]
    lines = [line.copy() for line in others]
    walk = Walk(
        rows,
        mine.copy(),
        lines,
        at,
        usage.zone,
        Allowance(usage, now(), usage.zone),
        usage.per_minute,
        steps,
        people_of(rows),
    )
    return walk.run()


def people_of(channels: Sequence[Channel]) -> dict[UUID, People]:
    """Return the room for people of each official number; the numbers of one business share theirs."""
    found = [(one.pk, one.portfolio_id, limit_of(one)) for one in channels]
    limited = [(pk, shared, limit) for pk, shared, limit in found if shared is not None and limit is not None]
    if not limited:
        return {}
    portfolios = {shared for _pk, shared, _limit in limited}
    rows = PortfolioContact.objects.filter(portfolio__in=portfolios, at__gt=now() - SHARED_FOR).order_by()
    taken: dict[UUID, list[tuple[datetime, int]]] = {shared: [] for shared in portfolios}
    hourly = rows.annotate(hour=TruncHour("at")).values_list("portfolio_id", "hour").annotate(people=Count("pk"))
    for shared, hour, people in hourly:
        taken[shared].append((hour, people))
    room = {
        portfolio: People(min(limit for _pk, shared, limit in limited if shared == portfolio), taken[portfolio])
        for portfolio in portfolios
    }
    return {pk: room[shared] for pk, shared, _limit in limited}
