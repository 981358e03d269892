from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Campaign, Recipient, RecipientState, SkipReason
from campaigns.queries import figures as queries
from campaigns.queries.waiting import waiting_reasons
from campaigns.services import lifecycle
from campaigns.services.recipients import decide_unknown, retry_failed
from core.exports import csv_response, xlsx_response
from core.pagination import InvalidCursorError, keyset_page

PAGE = 20
RECIPIENTS = 50
ACTIONS = {
    "start": lifecycle.start,
    "pause": lifecycle.pause,
    "resume": lifecycle.resume,
    "cancel": lifecycle.cancel,
    "retry": retry_failed,
}


@require_safe
@member_required
def campaign_list(request: MemberRequest) -> HttpResponse:
    try:
        page = keyset_page(Campaign.objects.all(), order="-created_at", cursor=request.GET.get("cursor"), size=PAGE)
    except InvalidCursorError:
        page = keyset_page(Campaign.objects.all(), order="-created_at", cursor=None, size=PAGE)
    figures = queries.stats_of(page.items)
    context = {"items": [(c, figures[c.pk]) for c in page.items], "next_cursor": page.next_cursor}
    return render(request, "campaigns/list.html#cards" if request.htmx else "campaigns/list.html", context)


@require_safe
@member_required
def campaign_page(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = queries.get_campaign(campaign_id)
    if request.htmx and request.htmx.target == "report":
        return render(request, "campaigns/campaign.html#report", _report(campaign))
    state = request.GET.get("situacao", "")
    rows = queries.recipients(campaign, state)
    try:
        page = keyset_page(rows, order="position", cursor=request.GET.get("cursor"), size=RECIPIENTS)
    except InvalidCursorError:
        page = keyset_page(rows, order="position", cursor=None, size=RECIPIENTS)
    context = _report(campaign) | {"recipients": page.items, "next_cursor": page.next_cursor, "state_filter": state}
    return render(request, "campaigns/campaign.html", context)


@require_POST
@role_required(Role.AGENT)
def campaign_action(request: MemberRequest, campaign_id: UUID, action: str) -> HttpResponse:
    campaign = queries.get_campaign(campaign_id)
    try:
        ACTIONS[action](campaign, actor=request.membership)  # type: ignore[operator]  # all take the same arguments
    except (CampaignStateError, CampaignIncompleteError) as error:
        messages.error(request, error.message)
    return redirect("campaigns:campaign", campaign.pk)


@require_POST
@role_required(Role.AGENT)
def campaign_deals(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = queries.get_campaign(campaign_id)
    lifecycle.adjust_deals(campaign, -1 if request.POST.get("change") == "-1" else 1, actor=request.membership)
    if request.htmx:
        return render(request, "campaigns/campaign.html#report", _report(queries.get_campaign(campaign_id)))
    return redirect("campaigns:campaign", campaign.pk)


@require_POST
@role_required(Role.ADMIN)
def campaign_delete(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = queries.get_campaign(campaign_id)
    try:
        lifecycle.delete(campaign, actor=request.membership)
    except CampaignStateError as error:
        messages.error(request, error.message)
        return redirect("campaigns:campaign", campaign_id)
    messages.success(request, _("Campaign deleted."))
    return redirect("campaigns:list")


@require_POST
@role_required(Role.AGENT)
def recipient_decide(request: MemberRequest, campaign_id: UUID, recipient_id: UUID) -> HttpResponse:
    campaign = queries.get_campaign(campaign_id)
    recipient = Recipient.objects.filter(pk=recipient_id, campaign=campaign).first()
    if recipient is None:
        return render(request, "404.html", status=404)
    try:
        decide_unknown(recipient, resend=request.POST.get("decision") == "resend", actor=request.membership)
    except CampaignStateError as error:
        messages.error(request, error.message)
    return redirect(f"{request.path.split('/destinatarios/')[0]}/?situacao=unknown")


@require_safe
@member_required
def campaign_export(request: MemberRequest, campaign_id: UUID, file_format: str) -> HttpResponseBase:
    campaign = queries.get_campaign(campaign_id)
    rows = (
        [r.contact.name, r.phone, r.variant.label if r.variant else "", r.channel.name if r.channel else "",
         r.get_state_display(), r.get_skip_reason_display(), r.sent_at or "", r.delivered_at or "", r.read_at or "",
         r.replied_at or "", r.error]
        for r in queries.recipients(campaign).order_by("position").iterator(chunk_size=2000)
    )  # fmt: skip
    headers = [
        "nome",
        "telefone",
        "variacao",
        "numero",
        "situacao",
        "motivo",
        "enviada",
        "entregue",
        "lida",
        "respondeu",
        "erro",
    ]
    answer = xlsx_response if file_format == "xlsx" else csv_response
    return answer(campaign.name, headers, list(rows))


def _report(campaign: Campaign) -> dict[str, object]:
    reasons = queries.skipped_reasons(campaign)
    return {
        "campaign": campaign,
        "stats": queries.stats(campaign),
        "variants": queries.variant_figures(campaign),
        "waits": waiting_reasons(campaign),
        "skipped": [(SkipReason(reason).label, count) for reason, count in reasons.items()],
        "states": RecipientState.choices,
    }
