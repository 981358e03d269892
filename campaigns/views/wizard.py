from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.forms import CampaignForm
from campaigns.services import audience, lifecycle
from campaigns.services.audience import values_of
from campaigns.services.drafts import create_campaign
from core.text import render_placeholders
from leads.models import Contact, ContactList
from leads.queries import contacts
from sdr.services.copy import MissingContextError, write_copy

SAMPLE = {"nome": "Mariana", "city": "Campinas", "phone": "+5519997426108"}


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def campaign_create(request: MemberRequest) -> HttpResponse:
    initial = {"lists": [request.GET["lista"]] if "lista" in request.GET else []}
    form = CampaignForm(request.POST or None, initial=initial, zone=request.organization.timezone)
    if request.method == "POST" and form.is_valid():
        try:
            campaign = create_campaign(
                name=form.cleaned_data["name"],
                list_ids=[x.pk for x in form.cleaned_data["lists"]],
                variants=form.drafts,
                channel_ids=[x.pk for x in form.cleaned_data["channels"]],
                start_at=form.cleaned_data["start_at"] if form.cleaned_data["when"] == "later" else None,
                sending_hours=form.sending_hours,
                actor=request.membership,
            )
            if form.cleaned_data["when"] == "now":
                lifecycle.start(campaign, actor=request.membership)
        except (CampaignIncompleteError, CampaignStateError) as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Campaign saved."))
            return redirect("campaigns:campaign", campaign.pk)
    context = {"form": form, "texts": form.texts or [""], "attributes": _attributes()}
    return render(request, "campaigns/wizard.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.AGENT)
def audience_preview(request: MemberRequest) -> HttpResponse:
    form = CampaignForm(request.POST, zone=request.organization.timezone)
    form.is_valid()
    chosen = form.cleaned_data.get("lists") or ContactList.objects.none()
    counts = audience.preview([item.pk for item in chosen]) if chosen else {}
    return render(request, "campaigns/wizard.html#audience", {"counts": counts})


@require_POST
@role_required(Role.AGENT)
def message_preview(request: MemberRequest) -> HttpResponse:
    texts = [text for text in request.POST.getlist("variant") if text.strip()][:20]
    list_id = request.POST.get("lists", "")
    contact = _first_contact(list_id)
    values = values_of(contact) if contact else SAMPLE
    previews = [render_placeholders(text[:4096], values) for text in texts]
    return render(request, "campaigns/wizard.html#preview", {"previews": previews, "preview_contact": contact})


@require_POST
@role_required(Role.AGENT)
def variant_create(request: MemberRequest) -> HttpResponse:
    """Return one more empty field, or one written from the business's own words."""
    text, error = "", ""
    if request.POST.get("write"):
        written = request.POST.getlist("variant")[:20]
        try:
            text = write_copy(request.POST.get("business_context", "")[:2000], "", count=1, than=written)[0]
        except MissingContextError as refused:
            error = refused.message
    label = "ABCDEFGHIJKLMNOPQRST"[min(19, len(request.POST.getlist("variant")))]
    context = {"text": text, "label": label, "error": error}
    return render(request, "campaigns/wizard.html#variant", context)


def _first_contact(list_id: str) -> Contact | None:
    try:
        return contacts(list_id=UUID(list_id)).order_by("created_at").first()
    except ValueError:
        return None


def _attributes() -> list[str]:
    newest = Contact.objects.order_by("-created_at").values_list("attributes", flat=True)[:20]
    return sorted({key for attributes in newest for key in attributes if not key.startswith("sdr_")})[:12]
