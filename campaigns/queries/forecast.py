"""When a campaign will be through and which number sends when, by the arithmetic that the sender keeps."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import TruncHour

from billing import services as billing
from bookings.days_off import days_off_in, rests_of
from campaigns.models import Campaign, CampaignChannel, CampaignState, RecipientState
from campaigns.preflight.calendar import SHARED_FOR, STEPS, Allowance, Line, People, Plan, PlannedDay, Walk
from campaigns.queries.figures import people_in
from campaigns.queries.waiting import serving
from core.clock import SendingHours, now
from gateways.models import SENDING_ROLES, Channel, ChannelState, PortfolioContact
from gateways.portfolios import limit_of

__all__ = ["Plan", "PlannedDay", "eta", "outlook", "plan"]

QUICK_STEPS = 800
"""For what is asked again each few seconds while a campaign runs."""


def eta(campaign: Campaign, at: datetime | None = None) -> datetime | None:
    """Return about when the last message will leave, or None when that is not in sight (or nothing is left)."""
    found = outlook(campaign, at, steps=QUICK_STEPS)
    return found.ends_at if found else None


def outlook(campaign: Campaign, at: datetime | None = None, *, steps: int = STEPS) -> Plan | None:
    """Return the plan of what is still in line of a frozen campaign."""
    counts = people_in([campaign.pk], RecipientState.QUEUED).get(campaign.pk, Counter())
    pinned = {channel_id: people for channel_id, people in counts.items() if channel_id is not None}
    return plan(
        serving(campaign), counts[None], campaign.sending_hours, campaign.organization_id, at, priority=campaign.priority,
        campaign_id=campaign.pk, pinned=pinned, steps=steps,
    )  # fmt: skip


def plan(
    channels: Iterable[Channel], count: int, hours: SendingHours, organization_id: UUID, start: datetime | None = None,
    *, priority: int = 0, campaign_id: UUID | None = None, pinned: Mapping[UUID, int] | None = None, steps: int = STEPS,
    usage: billing.Usage | None = None,
) -> Plan | None:  # fmt: skip
    """Return the plan of ``count`` messages through these numbers, and of those ``pinned`` to one; None for nothing to plan.

    What other campaigns have in line for the same numbers takes its turns too. ``usage`` is that of the organization's plan,
    where the caller has it.
    """
    connected = {one.pk: one for one in channels if one.state == ChannelState.CONNECTED}
    kept = {pk: people for pk, people in (pinned or {}).items() if pk in connected}
    free = count + sum((pinned or {}).values()) - sum(kept.values())
    off = days_off_in([hours])
    mine = Line(set(connected), free, hours, priority, dict(kept), rests_of(hours, off))
    if not mine.left or not connected:
        return None
    usage = usage or billing.usage(organization_id, now())
    zone = usage.zone
    others = _others(set(connected), campaign_id)
    beside = {pk for line in others for pk in line.channels} - set(connected)
    rows = [*connected.values(), *Channel.objects.filter(pk__in=beside, state=ChannelState.CONNECTED)]
    allowance, people = Allowance(usage, now(), zone), _people(rows)
    return Walk(rows, mine, others, start or now(), zone, allowance, usage.per_minute, steps, people).run()


def _people(channels: Sequence[Channel]) -> dict[UUID, People]:
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


def _others(channel_ids: set[UUID], campaign_id: UUID | None) -> list[Line]:
    """Return what other running campaigns have in line that these numbers serve."""
    sharing = CampaignChannel.objects.filter(channel__in=channel_ids, campaign__state=CampaignState.RUNNING)
    serves = Q(channel__role__in=SENDING_ROLES) | ~Q(took_over_at=None)
    ours = CampaignChannel.objects.filter(serves, campaign__in=sharing.values("campaign_id")).exclude(
        campaign=campaign_id
    )
    links = list(ours.select_related("campaign").order_by("served_at"))
    off = days_off_in(link.campaign.sending_hours for link in links)
    found: dict[UUID, Line] = {}
    for turn, link in enumerate(links):
        hours, priority = link.campaign.sending_hours, link.campaign.priority
        line = found.setdefault(link.campaign_id, Line(set(), 0, hours, priority, holidays=rests_of(hours, off)))
        line.channels = {*line.channels, link.channel_id}
        line.served[link.channel_id] = turn
    if not found:
        return []
    for pk, counts in people_in(found, RecipientState.QUEUED).items():
        for channel_id, people in counts.items():
            if channel_id is not None and channel_id in found[pk].channels:
                found[pk].pinned[channel_id] = people
            else:
                found[pk].free += people
    return list(found.values())
