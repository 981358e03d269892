"""What is chosen for everybody who is still in line: one wording, or a number where all were removed."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Variant
from campaigns.queries.figures import get_campaign
from campaigns.services.numbers import add_number
from campaigns.services.shares import use_only


@require_POST
@role_required(Role.AGENT)
def variant_choose(request: MemberRequest, campaign_id: UUID, variant_id: UUID) -> HttpResponse:
    campaign = get_campaign(campaign_id)
    variant = get_object_or_404(Variant.objects.filter(campaign=campaign, step=1), pk=variant_id)
    try:
        use_only(campaign, variant, actor=request.membership)
        messages.success(
            request, _("From now on everybody in line gets variation %(label)s.") % {"label": variant.label}
        )
    except CampaignStateError as error:
        messages.error(request, error.message)
    return redirect("campaigns:campaign", campaign.pk)


@require_POST
@role_required(Role.AGENT)
def number_add(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = get_campaign(campaign_id)
    try:
        channel = add_number(campaign, _uuid(request.POST.get("channel", "")), actor=request.membership)
        messages.success(request, _("%(name)s sends the rest.") % {"name": channel.name})
    except (CampaignStateError, CampaignIncompleteError) as error:
        messages.error(request, error.message)
    return redirect("campaigns:campaign", campaign.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
