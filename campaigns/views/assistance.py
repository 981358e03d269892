"""What the wizard answers while somebody writes: who receives, how it looks, what is missing, texts by the model."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from billing import services as billing
from billing.shell import usage_of
from campaigns.errors import CampaignIncompleteError
from campaigns.forms import CampaignForm
from campaigns.models import Campaign, SkipReason
from campaigns.queries.blanks import blank_fields
from campaigns.schedules.series import previewed
from campaigns.schedules.slots import Slot
from campaigns.schedules.words import rule_in_words, rule_notes, slots_in_words
from campaigns.services import audience
from campaigns.services.audience import AudienceCounts
from campaigns.services.audience_people import left_out_people
from campaigns.services.drafts import clean_hours
from campaigns.services.official import refusal_of, templates_of
from campaigns.services.shares import LEAST_SENT
from campaigns.views.preflight import Draft, preflight_of
from campaigns.views.preview import all_texts, ids_of, preview_of
from campaigns.views.review import review
from campaigns.views.variants import Offer, labelled, offer_of
from campaigns.views.words import left_out_words
from core.clock import SendingHours
from gateways.models import SENDING_ROLES, ChannelRole
from gateways.queries import cards
from leads.models import ContactList

LEFT_OUT = 50


@require_POST
@role_required(Role.AGENT)
def summary(request: MemberRequest) -> HttpResponse:
    """Return who receives, the plan day by day and what is missing, as the form stands."""
    form = CampaignForm(request.POST, zone=request.organization.timezone)
    context = {"form": form, "refreshed": True, **summary_of(request, form)}
    return render(request, "campaigns/wizard.html#summary", context)


@require_POST
@role_required(Role.AGENT)
def left_out(request: MemberRequest) -> HttpResponse:
    """Return who of the chosen lists is left out for a reason: the first of them, with the way to their page."""
    form = CampaignForm(request.POST, zone=request.organization.timezone)
    asked = request.POST.get("motivo", "")
    reason = asked if asked in SkipReason.values else ""
    lists = [one.pk for one in ContactList.objects.filter(pk__in=ids_of(form, "lists"))]
    found = left_out_people(lists, form.rules, _campaign_id(form), reason, LEFT_OUT) if reason else None
    people, count = found or ([], 0)
    context = {"people": people, "count": count, "more": count - len(people), "words": left_out_words(reason, count)}
    page = "campaigns/left_out.html#people" if request.htmx else "campaigns/left_out.html"
    return render(request, page, context)


@require_POST
@role_required(Role.AGENT)
def message_preview(request: MemberRequest) -> HttpResponse:
    form = CampaignForm(request.POST, zone=request.organization.timezone)
    times = _times(request, form)
    start = next((slot.at for slot in times if slot.at), _start(form))
    context = {"form": form, **preview_of(form, request.POST.get("preview_as", ""), start)}
    return render(request, "campaigns/wizard.html#preview", context)


def summary_of(request: MemberRequest, form: CampaignForm) -> dict[str, Any]:
    """Return everything that the wizard shows beside its fields."""
    list_ids = ids_of(form, "lists")
    lists = [(one, one.pk in list_ids) for one in ContactList.objects.order_by("-created_at")]
    chosen = [one.pk for one, checked in lists if checked]
    counts = audience.preview_audience(chosen, form.rules, _campaign_id(form)) if chosen else None
    channel_ids = ids_of(form, "channels")
    numbers = [(card, card.channel.pk in channel_ids) for card in cards(request.organization.timezone)]
    numbers = [(card, checked) for card, checked in numbers if card.channel.role != ChannelRole.RETIRED]
    sending = [card.channel for card, checked in numbers if checked and card.channel.role in SENDING_ROLES]
    later = form["when"].value() == "later"
    hours = _hours(form)
    rule = form.rule if form.is_repeating else None
    times = _times(request, form)
    start = next((slot.at for slot in times if slot.at), _start(form))
    usage = usage_of(request, request.organization)
    draft = Draft(
        channels=sending,
        counts=counts,
        list_ids=chosen,
        texts=[(one["label"], one["text"]) for one in labelled(form.texts)],
        hours=hours,
        start=start,
        organization_id=request.organization.pk,
        campaign_id=_campaign_id(form),
        priority=form.written_priority,
        usage=usage,
        sequence=form.known_steps,
    )
    chosen_numbers = [card.channel for card, checked in numbers if checked]
    missing = _missing(form, counts, bool(chosen_numbers), (later or form.is_repeating) and start is None)
    if draft.texts and (refusal := refusal_of(chosen_numbers, [one for one in draft.texts if one[1].strip()])):
        missing.append(("mensagem", refusal))
    planned = preflight_of(draft)
    texts = preview_of(form, "", start)
    blanks = blank_fields(all_texts(form), [one for one, checked in lists if checked])
    return {
        **texts,
        "blanks": [one for one in blanks if one.key not in texts["unknown"]],
        "lists": lists,
        "counts": counts,
        "left_out": [(reason, left_out_words(reason, n)) for reason, n in counts.left_out.items()] if counts else [],
        "numbers": numbers,
        "templates": [] if request.htmx else templates_of(card.channel for card, _checked in numbers),
        "variants": labelled(form.texts, form.weights),
        **offer_of(_offer(form)),
        "least_sample": LEAST_SENT,
        "later": later,
        "rule_words": rule_in_words(rule) if rule else "",
        "rule_notes": rule_notes(rule) if rule else [],
        "times": slots_in_words(times),
        **planned,
        "allowance": _allowance(usage, planned["planned_messages"], counts.receives if counts else 0),
        "missing": missing,
        "review": review(
            str(form["name"].value() or ""),
            [one.name for one, checked in lists if checked],
            list(zip(form.texts, [*form.weights, *[1] * len(form.texts)], strict=False)),
            [card.channel.name for card, checked in numbers if checked],
            start,
            hours,
            is_later=later,
            left_out=sum(counts.left_out.values()) if counts else 0,
            rules=form.rules,
            repeats=rule,
            split=str(form["split"].value() or ""),
            people=counts.receives if counts else 0,
        ),
        "open_steps": {step for step, _text in missing},
    }


def _offer(form: CampaignForm) -> Offer:
    if form.is_bound:
        return (
            Offer.posted(form.data, [text for text in form.texts if text.strip()])
            if isinstance(form.data, QueryDict)
            else Offer()
        )
    found = form.initial.get("offer")
    return found if isinstance(found, Offer) else Offer()


def _times(request: MemberRequest, form: CampaignForm) -> list[Slot]:
    """Return the next times of a series, none for a campaign that goes out once."""
    rule = form.rule if form.is_repeating else None
    return previewed(rule, request.organization.timezone, _pattern(form)) if rule else []


def _pattern(form: CampaignForm) -> Campaign | None:
    """Return the series that is being changed."""
    campaign_id = _campaign_id(form)
    return Campaign.objects.filter(pk=campaign_id, repeats=True).first() if campaign_id else None


def _campaign_id(form: CampaignForm) -> UUID | None:
    try:
        return UUID(str(form["key"].value()))
    except ValueError:
        return None


def _hours(form: CampaignForm) -> SendingHours:
    if form.is_bound:
        form.is_valid()
        return form.sending_hours  # type: ignore[return-value]  # the keys are those of the wizard
    start, end = form.initial.get("hours_start"), form.initial.get("hours_end")
    days = [int(day) for day in form.initial.get("days") or [] if str(day).isdecimal()]
    try:
        rests = bool(form.initial.get("skips_holidays"))
        times = {"days": days, "start": str(start), "end": str(end)} if start and end else {}
        return clean_hours({**times, "skips_holidays": rests})
    except CampaignIncompleteError:
        return {}  # said when the form is sent


def _start(form: CampaignForm) -> datetime | None:
    if form["when"].value() != "later":
        return None
    if form.is_bound:
        form.is_valid()
        found = form.cleaned_data.get("start_at")
        return found if not isinstance(found, str) else None
    try:
        return timezone.make_aware(datetime.fromisoformat(str(form.initial.get("start_at") or "")))
    except ValueError:
        return None  # not chosen yet


def _allowance(usage: billing.Usage, messages: int, people: int) -> dict[str, int | None]:
    month = None if usage.monthly_limit is None else max(0, usage.monthly_limit - usage.sent_month)
    today = None if usage.daily_limit is None else max(0, usage.daily_limit - usage.sent_today)
    return {
        "month": month,
        "limit": usage.monthly_limit,
        "over_month": 0 if month is None else max(0, messages - month),
        "over_today": 0 if today is None else max(0, people - today),
    }


def _missing(
    form: CampaignForm, counts: AudienceCounts | None, has_number: bool, no_start: bool
) -> list[tuple[str, str]]:
    """Return what the campaign lacks, each with the step where it is given."""
    found = [
        ("publico", _("Give the campaign a name."), not str(form["name"].value() or "").strip()),
        ("publico", _("Choose at least one list."), counts is None),
        ("publico", _("Nobody in these lists can receive it."), counts is not None and not counts.receives),
        ("mensagem", _("Write at least one message."), not any(text.strip() for text in form.texts)),
        ("numeros", _("Choose at least one number."), not has_number),
        ("quando", _("Choose day and time."), no_start),
    ]
    return [(step, text) for step, text, lacks in found if lacks]
