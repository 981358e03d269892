from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import member_required
from accounts.http import MemberRequest
from campaigns.models import Campaign, CampaignState
from campaigns.queries.figures import stats_of
from core.clock import now
from gateways.models import Channel
from gateways.pacing import pace_of, remaining_today
from leads.models import ContactList
from reports.queries import PERIODS, hot_leads, overview


@require_safe
@member_required
def dashboard(request: MemberRequest) -> HttpResponse:
    period = request.GET.get("p", "7")
    days = PERIODS.get(period, 7)
    running = list(
        Campaign.objects.filter(state__in=[CampaignState.RUNNING, CampaignState.PAUSED]).order_by("-started_at")[:5]
    )
    figures = stats_of(running)
    context = {
        "period": str(days),
        "periods": list(PERIODS),
        "overview": overview(request.organization, days),
        "campaigns": [(campaign, figures[campaign.pk]) for campaign in running],
        "hot_leads": hot_leads(),
        "channels": _channels(request),
        "is_new": not ContactList.objects.exists(),
        "hour": timezone.localtime().hour,
    }
    template = "reports/dashboard.html#widgets" if request.htmx else "reports/dashboard.html"
    return render(request, template, context)


def _channels(request: MemberRequest) -> list[dict[str, object]]:
    rows = Channel.objects.filter(removed_at=None).exclude(role="retired")
    zone = request.organization.timezone
    return [
        {"channel": c, "cap": pace_of(c, now()).daily_cap, "left": remaining_today(c, now(), zone)} for c in rows[:6]
    ]
