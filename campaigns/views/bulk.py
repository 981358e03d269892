"""Archiving, and one thing done to many campaigns: to those that are ticked, or to all of the list."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.errors import CampaignStateError
from campaigns.models import Campaign, CampaignState
from campaigns.queries.figures import get_campaign
from campaigns.services.archiving import KINDS, archive, unarchive
from core.once import once
from leads.bulk.running import BulkError, begin
from leads.queries import ids_of


def listed(request: HttpRequest) -> "QuerySet[Campaign]":
    """Return the campaigns of the list as its address asks for them; the times of a series of the list stand in its row."""
    is_archive = _asks_for_archive(request)
    rows: QuerySet[Campaign] = Campaign.objects.filter(archived_at__isnull=not is_archive)
    return rows.exclude(series__isnull=False, series__archived_at__isnull=not is_archive)


def with_times(rows: "QuerySet[Campaign]", action: str) -> "QuerySet[Campaign]":
    """Return campaigns with those times of their series that an action is for: a row of the list stands for them too."""
    state = {"pause": CampaignState.RUNNING, "resume": CampaignState.PAUSED}.get(action)
    if state is None:
        return rows
    meant = Q(pk__in=rows.values("pk")) | Q(series__in=rows.values("pk"), state=state)
    found: QuerySet[Campaign] = Campaign.objects.filter(meant)
    return found


def _asks_for_archive(request: HttpRequest) -> bool:
    return (request.POST if request.method == "POST" else request.GET).get("arquivo") == "1"


@require_POST
@role_required(Role.AGENT)
def campaign_archive(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = get_campaign(campaign_id)
    try:
        (unarchive if campaign.archived_at else archive)(campaign, actor=request.membership)
    except CampaignStateError as error:
        messages.error(request, error.message)
    return redirect("campaigns:campaign", campaign.pk)


@require_POST
@role_required(Role.AGENT)
@once("campaigns:list")
def campaigns_change(request: MemberRequest) -> HttpResponse:
    """Do one thing to the campaigns that were ticked, or to all of the list, by a job."""
    query = urlencode({"arquivo": "1"}) if _asks_for_archive(request) else ""
    rows = listed(request)
    if not request.POST.get("all"):
        rows = rows.filter(pk__in=ids_of(request.POST.getlist("campaign")))
    kind = KINDS.get(request.POST.get("action", ""))
    try:
        if kind is None or not rows.exists():
            raise BulkError(_("Tick the campaigns first."))
        bulk = begin(
            kind, with_times(rows, request.POST["action"]), parameters={}, filters=query, actor=request.membership
        )
    except BulkError as error:
        messages.error(request, error.message)
        return redirect(f"{reverse('campaigns:list')}?{f'{query}&' if query else ''}selecionar=1")
    return redirect("leads:bulk", bulk.pk)
