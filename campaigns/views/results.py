"""What a campaign brought in: the part of its page in reais, as a table to take away, and for how long things count."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from accounts.services.audit import record_audit
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign
from campaigns.queries import figures
from campaigns.results import tables
from campaigns.results.cells import Cell
from campaigns.results.lines import WAYS, results_now, results_of
from campaigns.results.paper import paper_of
from campaigns.results.people import People, people_of
from campaigns.services.attribution import CHOICES, attribute_for
from core.charts import Step
from core.exports import pdf_response, table_response

MOST_FOR_EXCEL = 100_000
WAY_NAMES = {
    "variante": gettext_lazy("By variation"), "numero": gettext_lazy("By number"), "hora": gettext_lazy("By hour"),
}  # fmt: skip


def results_context(request: MemberRequest, campaign: Campaign) -> dict[str, object]:
    way = chosen_way(request)
    found = results_of(campaign, way)
    return {
        "campaign": campaign,
        "is_sequence": campaign.steps.exists(),
        "whole": found.whole,
        "lines": found.lines,
        "results_at": found.at,
        "funnel_steps": funnel_steps(people_of(campaign, found.whole.people)),
        "way": way,
        "ways": WAY_NAMES.items(),
        "attribution_choices": sorted({*CHOICES, campaign.attribution_days}),
    }


def chosen_way(request: MemberRequest) -> str:
    asked = request.GET.get("por", "")
    return asked if asked in WAYS else WAYS[0]


def funnel_steps(people: Cell | People) -> list[Step]:
    """Return the way from the list to the money."""
    return [
        Step(pgettext("funnel", "List"), people.total),
        Step(pgettext("messages", "Delivered"), people.delivered),
        Step(pgettext("messages", "Read"), people.read),
        Step(pgettext("people", "Answered"), people.replied),
        Step(pgettext("people", "Qualified"), people.qualified),
        Step(pgettext("people", "Booked"), people.booked),
        Step(pgettext("people", "Paid"), people.paid),
    ]


@require_safe
@member_required
def results_export(request: MemberRequest, campaign_id: UUID, file_format: str) -> HttpResponseBase:
    campaign, way = figures.get_campaign(campaign_id), chosen_way(request)
    headers, rows = tables.line_rows(results_now(campaign, way)[way].lines, way)
    return table_response(file_format, f"{campaign.name} {WAY_NAMES[way]}", headers, rows)  # type: ignore[arg-type]


@require_safe
@member_required
def results_paper(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    """Send the report as a document."""
    campaign = figures.get_campaign(campaign_id)
    record_audit("campaign.exported", actor=request.membership, target=campaign.name, data={"format": "pdf"})
    return pdf_response(campaign.name, paper_of(campaign))


@require_safe
@member_required
def recipients_export(request: MemberRequest, campaign_id: UUID, file_format: str) -> HttpResponseBase:
    """Send the recipients that the filters of the address leave."""
    campaign = figures.get_campaign(campaign_id)
    chosen = figures.recipients(campaign, request.GET.get("situacao", ""), request.GET.get("motivo", ""))
    if file_format == "xlsx" and chosen.order_by()[: MOST_FOR_EXCEL + 1].count() > MOST_FOR_EXCEL:
        # A workbook is written whole before its first byte leaves; of so many people a CSV, which Excel opens too, comes at once.
        address = reverse("campaigns:export-csv", args=[campaign.pk])
        return redirect(f"{address}?{request.GET.urlencode()}")
    headers, rows = tables.recipient_rows(campaign, chosen)
    data = {"filters": request.GET.urlencode()[:500]}
    record_audit("campaign.exported", actor=request.membership, target=campaign.name, data=data)
    name = f"{campaign.name} {tables.state_words(request.GET.get('situacao', ''))}"
    return table_response(file_format, name, headers, rows)  # type: ignore[arg-type]  # the URLs say csv or xlsx


@require_POST
@role_required(Role.AGENT)
def attribution(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = figures.get_campaign(campaign_id)
    days = request.POST.get("days", "")
    try:
        campaign = attribute_for(
            campaign, int(days) if days.isdecimal() and len(days) < 4 else 0, actor=request.membership
        )
        messages.success(request, _("Counted anew."))
    except CampaignIncompleteError as error:
        messages.error(request, error.message)
    if request.htmx:
        return render(request, "campaigns/campaign.html#results", results_context(request, campaign))
    return redirect("campaigns:campaign", campaign_id)
