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
from campaigns.queries.figures import get_campaign
from campaigns.sequences.forms import SequenceForm, changed_steps, chosen_stops, initial_steps
from campaigns.sequences.steps import OPEN, save_steps


@require_POST
@role_required(Role.AGENT)
def step_change(request: MemberRequest) -> HttpResponse:
    """Answer the buttons of the steps with the steps as they are then; nothing is saved."""
    steps = changed_steps(request.POST, request.POST.get("go", ""))
    form = SequenceForm(initial={"steps": steps, "stops_on": chosen_stops(request.POST)})
    return render(request, "campaigns/steps.html#sequence", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def steps_edit(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    """Change the steps of a campaign that runs."""
    campaign = get_campaign(campaign_id)
    if campaign.state not in OPEN:
        messages.error(request, _("This campaign has ended."))
        return redirect("campaigns:campaign", campaign.pk)
    first = initial_steps(campaign)
    go = request.POST.get("go", "save")
    if request.method == "POST" and go == "save":
        form = SequenceForm(request.POST)
        if form.is_valid():
            try:
                save_steps(campaign, form.step_drafts, form.cleaned_data["stops_on"], actor=request.membership)
            except (CampaignIncompleteError, CampaignStateError) as refusal:
                form.add_error(None, refusal.message)
            else:
                messages.success(request, _("Saved. Who has passed a step keeps what they got."))
                return redirect("campaigns:campaign", campaign.pk)
    elif request.method == "POST":
        form = SequenceForm(
            initial=first | {"steps": changed_steps(request.POST, go), "stops_on": chosen_stops(request.POST)}
        )
    else:
        form = SequenceForm(initial=first)
    context = {"form": form, "campaign": campaign, "reached": first["reached"]}
    return render(request, "campaigns/steps.html", context, status=422 if form.is_bound else 200)
