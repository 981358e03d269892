from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState, SkipReason
from campaigns.queries import figures as queries
from campaigns.queries import report
from campaigns.queries.figures import NO_REASON
from campaigns.queries.forecast import eta
from campaigns.queries.guarding import evidence_of
from campaigns.queries.overload import is_overloaded, overload_words
from campaigns.queries.verdict import verdict
from campaigns.queries.waiting import pause_words, standstills, waiting_note
from campaigns.results.followed import answer_temperatures
from campaigns.results.tables import reason_words
from campaigns.schedules.queries import question_of, series_rows, series_view
from campaigns.sequences.funnel import funnel_of
from campaigns.services import lifecycle
from campaigns.services.audience import AudienceCounts, ordered_lists, preview_of
from campaigns.services.audience_rules import AudienceRules
from campaigns.services.deals import won_by
from campaigns.services.numbers import has_lost_its_numbers, numbers_to_add
from campaigns.services.recipients import COUNTED, count_retryable, decide_unknown, retry_failed
from campaigns.services.shares import LEAST_SENT, shares_now
from campaigns.services.transitions import Action, is_allowed
from campaigns.views.bulk import listed
from campaigns.views.preflight import draft_of, preflight_of, promise_context
from campaigns.views.results import results_context
from campaigns.views.review import EDITABLE, Choice, review
from campaigns.views.words import left_out_words, legend
from core.pagination import InvalidCursorError, keyset_page
from leads.models import ContactList

PAGE = 20
OVER = (CampaignState.COMPLETED, CampaignState.CANCELLED)
RECIPIENTS = 25
ACTIONS: dict[str, Callable[..., Any]] = {
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
        page = keyset_page(listed(request), order="-created_at", cursor=request.GET.get("cursor"), size=PAGE)
    except InvalidCursorError:
        page = keyset_page(listed(request), order="-created_at", cursor=None, size=PAGE)
    figures = queries.stats_of(page.items)
    rows = series_rows(page.items)
    items = [
        (one, figures[one.pk], [pause_words(one)] if one.pause_reason else waiting_note(one), rows.get(one.pk))
        for one in page.items
    ]
    context: dict[str, object] = {
        "items": items,
        "next_cursor": page.next_cursor,
        "is_first_page": not request.GET.get("cursor"),
    }
    selecting = request.GET.get("selecionar") == "1" and request.membership.can_write
    context |= {"in_archive": request.GET.get("arquivo") == "1", "selecting": selecting}
    if not items and not context["in_archive"]:
        context["archived"] = Campaign.objects.exclude(archived_at=None).count()
    if context["selecting"]:
        context["matching"] = listed(request).count()
    if not request.htmx:
        context["overload"] = is_overloaded()
    return render(request, "campaigns/list.html#cards" if request.htmx else "campaigns/list.html", context)


@require_safe
@member_required
def campaign_page(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    try:
        campaign = queries.get_campaign(campaign_id)
    except Http404:
        if not request.htmx:
            raise
        return _gone(request)
    target = request.htmx.target if request.htmx else None
    if target == "results":
        return render(request, "campaigns/campaign.html#results", results_context(request, campaign))
    if target == "promise":
        return render(request, "campaigns/campaign.html#promise", promise_context(campaign))
    parts = queries.tally(campaign)
    match target:
        case "report":
            return render(request, "campaigns/campaign.html#report", _report(request, campaign, parts))
        case "recipients":
            return render(request, "campaigns/campaign.html#recipients", _recipients(request, campaign, parts))
    context = _report(request, campaign, parts) | _recipients(request, campaign, parts)
    if campaign.started_at and "por" in request.GET:
        context |= results_context(request, campaign)
    if "plano" in request.GET:
        context |= promise_context(campaign)
    return render(request, "campaigns/campaign.html", context)


def _gone(request: MemberRequest) -> HttpResponse:
    """Lead a page away that was open when somebody deleted its campaign."""
    messages.info(request, _("This campaign was deleted."))
    gone = HttpResponseClientRedirect(reverse("campaigns:list"))
    gone.status_code = HTTPStatus.NOT_FOUND
    return gone


@require_POST
@role_required(Role.AGENT)
def campaign_action(request: MemberRequest, campaign_id: UUID, action: str) -> HttpResponse:
    campaign = queries.get_campaign(campaign_id)
    try:
        done = ACTIONS[action](campaign, actor=request.membership)
        if action == "retry":
            _say_retried(request, done)
    except (CampaignStateError, CampaignIncompleteError) as error:
        messages.error(request, error.message)
    return redirect("campaigns:campaign", campaign.pk)


def _say_retried(request: MemberRequest, count: int) -> None:
    if count:
        words = ngettext("%(count)s is in line again.", "%(count)s are in line again.", count)
        messages.success(request, words % {"count": number_format(count, force_grouping=True)})
    else:
        messages.info(request, _("Nothing can be sent again: what failed may still arrive, or must not be written to."))


@require_POST
@role_required(Role.AGENT)
def campaign_deals(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = queries.get_campaign(campaign_id)
    lifecycle.adjust_deals(campaign, -1 if request.POST.get("change") == "-1" else 1, actor=request.membership)
    if request.htmx:
        campaign = queries.get_campaign(campaign_id)
        context = _report(request, campaign, queries.tally(campaign))
        return render(request, "campaigns/campaign.html#report", context)
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


def _report(request: MemberRequest, campaign: Campaign, parts: Sequence[queries.Part]) -> dict[str, object]:
    variants = queries.variant_figures(campaign, parts)
    numbers = queries.channel_figures(campaign, parts)
    stats = queries.stats(campaign, parts)
    is_running = campaign.state == CampaignState.RUNNING
    first = [row["variant"] for row in variants if row["variant"].step == 1]
    may_choose = len(first) > 1 and stats.pending > 0 and is_allowed(campaign, Action.CHOOSE)
    won = won_by(campaign) if campaign.closed_deals else {}
    shares = shares_now(campaign, first) if may_choose else {}
    temperatures = answer_temperatures(campaign, stats.replied)
    return {
        "campaign": campaign,
        "stats": stats,
        "variants": [
            row | {"share": shares.get(row["variant"].pk), "won": won.get(row["variant"].pk, 0)} for row in variants
        ],
        "won": sum(won.values()),
        "by_hand": campaign.closed_deals - sum(won.values()),
        "verdict": verdict(variants, is_over=campaign.state in OVER) if campaign.started_at else None,
        "may_choose": may_choose,
        "least_sample": LEAST_SENT,
        "lanes": report.lanes(campaign, numbers, request.organization.timezone),
        "temperatures": temperatures.value,
        "temperatures_at": temperatures.at,
        "failures": report.failures(campaign),
        **_retry(campaign, stats),
        "waits": standstills(campaign),
        **_numberless(campaign, stats),
        **_pause(campaign),
        "ends_at": eta(campaign) if is_running else None,
        "promise": bool(campaign.promise),
        "skipped": [left_out_words(reason, count) for reason, count in queries.skipped_reasons(campaign).items()],
        "legend": legend(stats),
        **(_intent(campaign) if campaign.state in EDITABLE and not campaign.repeats else {}),
        "series": series_view(campaign),
        "step_lines": funnel_of(campaign, parts, [row["variant"] for row in variants]),
        "asks": question_of(campaign),
        "overload_words": overload_words(campaign),
    }


def _numberless(campaign: Campaign, stats: queries.CampaignStats) -> dict[str, object]:
    """Return the numbers to choose from where a campaign that has somebody in line has lost all of its own."""
    lost = bool(stats.pending) and is_allowed(campaign, Action.CHOOSE) and has_lost_its_numbers(campaign)
    return {"is_numberless": lost, "numbers_to_add": list(numbers_to_add()) if lost else []}


def _retry(campaign: Campaign, stats: queries.CampaignStats) -> dict[str, object]:
    """Return how many of what failed can be sent again, and how many cannot; None where there are too many to count."""
    if not stats.failed:
        return {"retryable": 0, "left_alone": 0}
    found = count_retryable(campaign)
    known = found < COUNTED
    return {"retryable": found, "left_alone": stats.failed - found if known else None, "retryable_known": known}


def _pause(campaign: Campaign) -> dict[str, object]:
    """Return why a campaign paused by itself, with what it was judged by."""
    if campaign.state != CampaignState.PAUSED:
        return {"pause_words": ""}
    evidence = evidence_of(campaign)
    reasons = [(count, report.error_words(code, text)) for count, code, text in evidence.reasons] if evidence else []
    return {
        "pause_words": pause_words(campaign),
        "evidence": evidence,
        "evidence_reasons": reasons,
    }


def _intent(campaign: Campaign) -> dict[str, object]:
    """Return what a campaign that has not started will do."""
    counts = preview_of(campaign)
    left_out = [(reason, left_out_words(reason, count)) for reason, count in counts.left_out.items()]
    return {
        "review": _review(campaign, counts),
        "counts": counts,
        "left_out": left_out,
        **preflight_of(draft_of(campaign, counts)),
    }


def _review(campaign: Campaign, counts: AudienceCounts) -> list[Choice]:
    """Return what a campaign that has not started will do, as its last step showed it."""
    list_ids = ordered_lists(campaign)
    names = dict(ContactList.objects.filter(pk__in=list_ids).values_list("pk", "name"))
    return review(
        campaign.name,
        [names[one] for one in list_ids if one in names],
        list(campaign.variants.filter(step=1).order_by("label").values_list("body", "weight")),
        list(campaign.campaign_channels.order_by("channel__created_at").values_list("channel__name", flat=True)),
        campaign.start_at,
        campaign.sending_hours,
        is_later=campaign.start_at is not None,
        left_out=sum(counts.left_out.values()),
        people=counts.receives,
        rules=AudienceRules.of(campaign.audience_rules),
        split=campaign.split,
    )


def _recipients(request: MemberRequest, campaign: Campaign, parts: Sequence[queries.Part]) -> dict[str, object]:
    state, cursor = request.GET.get("situacao", ""), request.GET.get("cursor")
    reason = request.GET.get("motivo", "")
    rows = queries.recipients(campaign, state, reason)
    try:
        page = keyset_page(rows, order="position", cursor=cursor, size=RECIPIENTS)
    except InvalidCursorError:
        cursor = None
        page = keyset_page(rows, order="position", cursor=cursor, size=RECIPIENTS)
    return {
        "campaign": campaign,
        "recipients": [(one, "" if one.skip_reason else reason_words(one)) for one in page.items],
        "next_cursor": page.next_cursor,
        "is_first_page": not cursor,
        "state_filter": state,
        "reason_filter": reason,
        "reasons": _reasons(campaign, state),
        "filters": _filters(
            queries.stats(campaign, parts), sum(won_by(campaign).values()) if campaign.closed_deals else 0, state
        ),
    }


def _filters(figures: queries.CampaignStats, won: int, chosen: str) -> list[tuple[str, str, int]]:
    """Return the filters of the list that have somebody in them: (value, name, how many)."""
    found = [
        ("", pgettext("recipients", "All"), figures.total + figures.skipped),
        (queries.REPLIED, pgettext("people", "Answered"), figures.replied),
        (queries.PENDING, pgettext("recipients", "In line"), figures.pending),
        (queries.WON, pgettext("recipients", "Closed a deal"), won),
        ("sent", pgettext("recipients", "Only sent"), figures.only_sent),
        ("delivered", pgettext("recipients", "Only delivered"), figures.only_delivered),
        ("read", pgettext("recipients", "Read"), figures.read),
        ("failed", pgettext("recipients", "Failed"), figures.failed),
        ("invalid", pgettext("recipients", "Invalid"), figures.invalid),
        ("unknown", pgettext("recipients", "To be confirmed"), figures.unknown),
        ("skipped", pgettext("recipients", "Left out"), figures.skipped),
    ]
    return [row for row in found if row[2] or row[0] in {"", chosen}]


def _reasons(campaign: Campaign, state: str) -> list[tuple[str, str, int]]:
    """Return why those of a state were left out or not reached, the most frequent first: (value, words, how many)."""
    if state == RecipientState.SKIPPED:
        labels = dict(SkipReason.choices)
        return [(code, str(labels.get(code, code)), count) for code, count in queries.reasons(campaign, state)]  # type: ignore[call-overload]
    found = report.failure_reasons(campaign, state)
    return [(code or NO_REASON, words, count) for code, words, count in found]
