"""Starts whose time has come: of campaigns that wait for it, and of the times of series."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import translation

from accounts.models import Organization
from campaigns.errors import EmptyAudienceError
from campaigns.events import CampaignAsks
from campaigns.models import Campaign, CampaignChannel, CampaignState
from campaigns.schedules.series import make_due, note_nobody
from campaigns.schedules.settings import patience_of
from campaigns.services.lifecycle import pause_by_system, start
from campaigns.services.rounds import for_each
from campaigns.services.transitions import tell_pages
from core.clock import now
from core.errors import DomainError
from core.tenancy import across_organizations
from gateways.models import ChannelRole, ChannelState
from sagas.outbox import publish

AT_ONCE = 1_000
LATE_REASON = "late_start"
NO_NUMBER = "no_number"


def start_due() -> int:
    """Start the campaigns whose time has come; return how many were due.

    One that cannot start, or that is later than people accept without being asked, is paused and says why: a campaign at the
    wrong time of day is worse than a late one. While none of its numbers is connected it waits, as long as that.
    """
    for_each(_due(repeats=True), make_due)
    due = _due(repeats=False)
    for_each(due, _start)
    return len(due)


def _due(*, repeats: bool) -> list[tuple[UUID, UUID]]:
    with across_organizations():
        rows = Campaign.objects.filter(state=CampaignState.SCHEDULED, start_at__lte=now(), repeats=repeats)
        return list(rows.order_by("start_at").values_list("organization_id", "pk")[:AT_ONCE])


@transaction.atomic
def _start(pk: UUID) -> None:
    # Locked from the look to the start: what somebody is taking back or putting off at this moment does not leave.
    rows = Campaign.objects.select_for_update(of=["self"], skip_locked=True)
    campaign: Campaign | None = rows.filter(pk=pk, state=CampaignState.SCHEDULED, start_at__lte=now()).first()
    if campaign is None or campaign.start_at is None:
        return
    if now() - campaign.start_at > patience_of(campaign):
        ask(campaign)
    elif not _has_number(campaign):
        _wait(campaign)
    else:
        with translation.override(Organization.objects.get(pk=campaign.organization_id).language):
            _try(campaign)


def _try(campaign: Campaign) -> None:
    try:
        start(campaign)
    except DomainError as error:
        if isinstance(error, EmptyAudienceError) and campaign.series_id is not None:
            note_nobody(campaign, error.message)
        else:
            pause_by_system(campaign.pk, error.message)


@transaction.atomic
def ask(campaign: Campaign) -> None:
    """Hold a campaign whose start was missed, and ask people whether it is to be sent now."""
    if pause_by_system(campaign.pk, LATE_REASON):
        publish(CampaignAsks(str(campaign.organization_id), str(campaign.pk)))


def _has_number(campaign: Campaign) -> bool:
    links = CampaignChannel.objects.filter(campaign=campaign, channel__removed_at=None).exclude(
        channel__role=ChannelRole.RETIRED
    )
    return bool(links.filter(channel__state=ChannelState.CONNECTED).exists())


def _wait(campaign: Campaign) -> None:
    note: dict[str, Any] = {"code": NO_NUMBER, "until": None, "name": ""}
    rows = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.SCHEDULED)
    if rows.filter(~Q(wait_reason=note)).update(wait_reason=note):
        tell_pages(campaign)
