"""The wizard: one form whose steps are parts of one page, so that nothing typed is lost between them."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.forms import CampaignForm, changed_parts, initial_of, new_key, version_of
from campaigns.forms_audience import MANY
from campaigns.models import Campaign
from campaigns.queries.figures import get_campaign
from campaigns.schedules.saving import keep_schedule
from campaigns.sequences.forms import changed_steps, chosen_stops
from campaigns.services import lifecycle
from campaigns.services.drafts import create_campaign, update_draft
from campaigns.services.transitions import Action, is_allowed, lock
from campaigns.views.assistance import summary_of
from campaigns.views.variants import changed_texts
from gateways.models import MessageTemplate
from gateways.official.texts import wording
from sdr.services.copy import remember_context, remembered_context


class StaleFormError(Exception):
    """The campaign was changed after its form was opened."""

    def __init__(self, campaign: Campaign, parts: Sequence[str]) -> None:
        super().__init__(str(campaign.pk))
        self.campaign, self.parts = campaign, parts


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def campaign_create(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        return _posted(request, None)
    copied = Campaign.objects.filter(pk=_uuid(request.GET.get("copiar"))).first()
    initial = initial_of(copied) | {"name": _copied(copied.name), "when": "now", "start_at": ""} if copied else {}
    if "business_context" not in initial:
        initial["business_context"] = remembered_context()
    asked = _uuid(request.GET.get("modelo"))
    if asked and (template := MessageTemplate.objects.filter(pk=asked).first()):
        initial |= {"texts": [wording(template)], "channels": [template.channel_id]}
    if chosen := _uuid(request.GET.get("lista")):
        initial["lists"] = [chosen]
    return _page(request, _unbound(request, initial | {"key": new_key()}), None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def campaign_edit(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = get_campaign(campaign_id)
    if not is_allowed(campaign, Action.UPDATE):
        if request.method == "POST":
            return _started_meanwhile(request)
        messages.error(request, _("This campaign has started, so its content stays as it is. Copy it to change it."))
        return redirect("campaigns:campaign", campaign.pk)
    if request.method == "POST":
        return _posted(request, campaign)
    return _page(request, _unbound(request, initial_of(campaign) | {"version": version_of(campaign)}), campaign)


def _posted(request: MemberRequest, campaign: Campaign | None) -> HttpResponse:
    go = request.POST.get("go", "send")
    if go not in {"send", "draft"}:
        return _page(request, _unbound(request, _typed(request, go)), campaign)
    form = CampaignForm(request.POST, zone=request.organization.timezone)
    if not form.is_valid():
        return _page(request, form, campaign, status=422)
    try:
        saved = _saved(request, form, campaign, starts=go == "send")
    except (CampaignIncompleteError, CampaignStateError) as error:
        form.add_error(None, ValidationError(error.message, code=error.code))
        return _page(request, form, campaign, status=422)
    except StaleFormError as stale:
        return _changed_meanwhile(request, stale.campaign, stale.parts)
    except IntegrityError:
        return _sent_before(request, form)
    return redirect("campaigns:campaign", saved.pk)


@transaction.atomic
def _saved(request: MemberRequest, form: CampaignForm, campaign: Campaign | None, *, starts: bool) -> Campaign:
    """Write the campaign and start it if that is wanted, or neither."""
    data = form.cleaned_data
    remember_context(data["business_context"])
    content = {
        "name": data["name"],
        "list_ids": [one.pk for one in data["lists"]],
        "variants": form.drafts,
        "channel_ids": [one.pk for one in data["channels"]],
        "start_at": data["start_at"] if data["when"] == "later" else None,
        "is_draft": not starts,
        "sending_hours": form.sending_hours,
        "priority": data["priority"] or 0,
        "business_context": data["business_context"],
        "audience": form.written_rules,
        "split": data["split"],
        "actor": request.membership,
    }
    if campaign is None:
        saved = create_campaign(**content, key=data["key"])
    else:
        locked = lock(get_campaign(campaign.pk))
        if version_of(locked) != data["version"]:
            raise StaleFormError(locked, changed_parts(locked, data["version"]))
        saved = update_draft(locked, **content)
    saved = keep_schedule(saved, form, starts=starts, actor=request.membership)
    if starts and data["when"] == "now":
        lifecycle.start(saved, actor=request.membership)
    return saved


def _sent_before(request: MemberRequest, form: CampaignForm) -> HttpResponse:
    """Answer a form that has made its campaign already: a double click sees it, a changed form is asked to be sent again."""
    made = Campaign.objects.filter(pk=form.cleaned_data["key"]).first()
    bodies = [draft.body.strip() for draft in form.drafts]
    if made and made.name == form.cleaned_data["name"] and bodies == [one.body for one in made.variants.filter(step=1)]:
        return redirect("campaigns:campaign", made.pk)
    refusal = _("This form has made a campaign already. Save again to make another one as it is here now.")
    return _page(request, _renewed(request, refusal, key=new_key()), None, status=422)


def _changed_meanwhile(request: MemberRequest, campaign: Campaign, parts: Sequence[str]) -> HttpResponse:
    words = _(
        "This campaign was changed in another window (%(parts)s). Save again to keep what is written here instead."
    )
    refusal = words % {"parts": ", ".join(parts).lower()}
    form = _renewed(request, refusal, version=version_of(campaign))
    return _page(request, form, campaign, status=422, is_stale=True)


def _started_meanwhile(request: MemberRequest) -> HttpResponse:
    """Keep what was written for a campaign that somebody started while it was being edited: it may become another one."""
    if (go := request.POST.get("go", "send")) not in {"send", "draft"}:
        return _page(request, _unbound(request, _typed(request, go) | {"key": new_key(), "version": ""}), None)
    refusal = _(
        "This campaign has started meanwhile, so its content stays. Save again to make another one of what is here."
    )
    return _page(request, _renewed(request, refusal, key=new_key(), version=""), None, status=422)


def _renewed(request: MemberRequest, refusal: str, **hidden: str) -> CampaignForm:
    """Return the form as it was sent, refused, with other hidden values, so that the next try goes through."""
    data = request.POST.copy()
    for name, value in hidden.items():
        data[name] = value
    form = CampaignForm(data, zone=request.organization.timezone)
    form.add_error(None, refusal)
    return form


def _typed(request: MemberRequest, go: str) -> dict[str, object]:
    """Return everything typed so far as first values, after a button of the message's step."""
    typed: dict[str, object] = dict(request.POST.items())
    typed |= {name: request.POST.getlist(name) for name in ("lists", "channels", "days", "repeat_weekdays", *MANY)}
    change = changed_texts(request, go)
    if change.error:
        messages.error(request, change.error)
    if change.note:
        messages.info(request, change.note)
    steps = {"steps": changed_steps(request.POST, go), "stops_on": chosen_stops(request.POST)}
    return typed | {"texts": change.texts, "weights": change.weights, "offer": change.offer} | steps


def _unbound(request: MemberRequest, initial: dict[str, object]) -> CampaignForm:
    return CampaignForm(initial=initial, zone=request.organization.timezone)


def _page(
    request: MemberRequest, form: CampaignForm, campaign: Campaign | None, status: int = 200, *, is_stale: bool = False
) -> HttpResponse:
    problems = form.problems if form.is_bound else []
    context = {
        "form": form,
        "campaign": campaign,
        "problems": problems,
        "is_stale": is_stale,
        "is_back": request.POST.get("go") == "again",
        "first_step": next((step for step, _text in problems if step), "mensagem" if request.POST else "publico"),
        **summary_of(request, form),
    }
    return render(request, "campaigns/wizard.html", context, status=status)


def _copied(name: str) -> str:
    """Return the first name of a copy, so that a list tells it from what it was made of."""
    return (_("%(name)s (copy)") % {"name": name})[:120]


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
