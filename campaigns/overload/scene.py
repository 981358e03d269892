"""What the active organization has to send and by which numbers, read from the database for :mod:`.reckoning`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Sum

from billing import services as billing
from bookings.days_off import DaysOff, days_off_in, rests_of
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignState,
    DecisionKind,
    DemandDecision,
    DemandSettings,
    RecipientState,
    Tally,
    Window,
)
from campaigns.overload.reckoning import A_DAY, Demand, Pool
from campaigns.overload.settings import demand_settings
from campaigns.preflight.allowance import People
from campaigns.preflight.line import Line
from campaigns.queries.forecast import people_of
from campaigns.queries.opening import first_open
from core.clock import day_bounds, local
from core.tenancy import current_organization_id
from gateways.models import SENDING_ROLES, Channel, ChannelRole, ChannelState
from gateways.pacing import pace_of
from gateways.pool.guard import DOWN

BLINK = timedelta(minutes=2)
"""A number that is away for less is still counted on: gateways restart."""
PLAN_SLACK = timedelta(minutes=30)


@dataclass(frozen=True)
class Scene:
    """Running campaigns, their links to numbers, and every number that is in service or could help."""

    at: datetime
    zone: str
    usage: billing.Usage
    settings: DemandSettings
    campaigns: Mapping[UUID, Campaign]
    links: tuple[CampaignChannel, ...]
    channels: Mapping[UUID, Channel]
    waiting: Mapping[UUID, Mapping[UUID | None, int]]
    accepted: Mapping[UUID, datetime]
    people: Mapping[UUID, People] = field(default_factory=dict)
    off: DaysOff = field(default_factory=DaysOff)

    @property
    def helpers(self) -> list[Channel]:
        """The numbers of the reserve that were called to help and are in service."""
        found = {link.channel_id for link in self.links if link.helps_since}
        return [one for pk, one in self.channels.items() if pk in found]

    def serving(self, campaign_id: UUID, *, with_help: bool = True) -> set[UUID]:
        """Return the numbers in service that send for a campaign; on request without those that only help."""
        links = [link for link in self.links if link.campaign_id == campaign_id and link.channel_id in self.channels]
        always = {link.channel_id for link in links if _always_sends(link, self.channels[link.channel_id])}
        return always | {link.channel_id for link in links if with_help and link.helps_since}

    def demands(
        self, *, with_help: bool = True, extra: Mapping[UUID, Collection[UUID]] | None = None
    ) -> dict[UUID, Demand]:
        """Return what each campaign has in line; ``extra`` numbers send for a campaign as well."""
        found = {}
        for pk, campaign in self.campaigns.items():
            counts = self.waiting.get(pk, {})
            if any(counts.values()):
                channels = self.serving(pk, with_help=with_help) | set((extra or {}).get(pk, ()))
                found[pk] = Demand(self._line(campaign, channels, counts), self.due_of(campaign, channels))
        return found

    def _line(self, campaign: Campaign, channels: set[UUID], counts: Mapping[UUID | None, int]) -> Line:
        """Return what is in line now; the further steps of a sequence come when their time does."""
        line = Line(channels, campaign.sending_hours, campaign.priority, rests_of(campaign.sending_hours, self.off))
        links = [link for link in self.links if link.campaign_id == campaign.pk]
        line.served = {link.channel_id: turn for turn, link in enumerate(links)}
        for channel_id, people in counts.items():
            line.add(channel_id, people)
        return line

    def due_of(self, campaign: Campaign, channels: Iterable[UUID]) -> datetime:
        """Return by when a campaign should be through: in a day, or as planned or accepted by people, whichever is later."""
        found = [day_bounds(local(self.opens(campaign, channels, self.at), self.zone).date(), self.zone)[1]]
        if campaign.started_at:
            found.append(campaign.started_at + A_DAY)
        if campaign.pk in self.accepted:
            found.append(self.accepted[campaign.pk])
        if self.settings.window == Window.PLAN and (planned := _planned_end(campaign)):
            found.append(planned + PLAN_SLACK)
        return max(found)

    def opens(self, campaign: Campaign, channels: Iterable[UUID], at: datetime) -> datetime:
        """Return when a campaign can next send by one of these numbers, from a moment on."""
        quiet = [pace_of(self.channels[pk], self.at).quiet for pk in channels if pk in self.channels]
        hours = campaign.sending_hours
        return first_open(at, hours, self.zone, rests_of(hours, self.off), quiet)

    def next_day(self, campaign: Campaign) -> datetime:
        """Return when a campaign that leaves the rest of today to others goes on."""
        tomorrow = day_bounds(local(self.at, self.zone).date(), self.zone)[1]
        return self.opens(campaign, self.serving(campaign.pk), tomorrow)

    def pool(self, channel_ids: Iterable[UUID], *, is_calm: bool = False) -> Pool:
        """Return these numbers; ``is_calm`` with the gaps that hold when there is no overload."""
        rows = [self.channels[pk] for pk in sorted(set(channel_ids)) if pk in self.channels]
        channels = [_calm(one) for one in rows] if is_calm else rows
        return Pool(tuple(channels), self.at, self.zone, self.usage.per_minute, self.people)


def in_service(channel: Channel, at: datetime) -> bool:
    """Tell whether a number can be counted on: it is connected, or away for no longer than a restart takes."""
    if channel.removed_at or channel.role == ChannelRole.RETIRED:
        return False
    if channel.state == ChannelState.CONNECTED:
        return True
    return channel.connected_at is not None and channel.state in DOWN and (channel.state_at or at) > at - BLINK


def read_scene(at: datetime) -> Scene:
    """Read the active organization's scene; about ten queries, however much there is."""
    organization_id = current_organization_id()
    running = Campaign.objects.filter(state=CampaignState.RUNNING).exclude(audience_built_at=None)
    campaigns = {one.pk: one for one in running.order_by("-priority", "started_at", "pk")}
    turns = F("served_at").asc(nulls_first=True)
    links = CampaignChannel.objects.filter(campaign__in=list(campaigns)).select_related("channel")
    rows = Channel.objects.filter(removed_at=None).select_related("portfolio") if campaigns else []
    channels = {one.pk: one for one in rows if in_service(one, at)}
    usage = billing.usage(organization_id, at)
    return Scene(
        at=at,
        zone=usage.zone,
        usage=usage,
        settings=demand_settings(),
        campaigns=campaigns,
        links=tuple(links.order_by(turns, "pk")) if campaigns else (),
        channels=channels,
        waiting=_waiting(campaigns),
        accepted=_accepted(campaigns),
        people=people_of(list(channels.values())),
        off=days_off_in(one.sending_hours for one in campaigns.values()),
    )


def _waiting(campaigns: Collection[UUID]) -> dict[UUID, dict[UUID | None, int]]:
    found: dict[UUID, dict[UUID | None, int]] = defaultdict(dict)
    if campaigns:
        rows = Tally.objects.filter(campaign__in=list(campaigns), state=RecipientState.QUEUED).order_by()
        for pk, channel_id, people in rows.values_list("campaign_id", "channel_ref").annotate(sum=Sum("people")):
            found[pk][channel_id] = people
    return found


def _accepted(campaigns: Collection[UUID]) -> dict[UUID, datetime]:
    if not campaigns:
        return {}
    rows = DemandDecision.objects.filter(kind=DecisionKind.ACCEPT, ended_at=None, campaign__in=list(campaigns))
    return {pk: until for pk, until in rows.values_list("campaign_id", "until") if pk and until}


def _always_sends(link: CampaignChannel, channel: Channel) -> bool:
    return channel.role in SENDING_ROLES or (link.took_over_at is not None and link.helps_since is None)


def _planned_end(campaign: Campaign) -> datetime | None:
    """Return the end that was shown before the start; nobody looked at the plan of a time of a series."""
    end = campaign.promise.get("ends_at") if campaign.series_id is None else None
    return datetime.fromisoformat(end) if end else None


def _calm(channel: Channel) -> Channel:
    found = copy(channel)
    found.crowd_percent = None
    return found
