from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import member_required
from accounts.http import MemberRequest
from campaigns.models import Campaign, CampaignState
from campaigns.queries.figures import CampaignStats, stats_of
from campaigns.queries.waiting import pause_words, waiting_note
from core.charts import Series
from gateways.queries import cards, summary
from reports import words
from reports.periods import DAYS, days_of
from reports.queries import first_steps, hot_and_waiting, hot_leads, overview, temperatures
from reports.queries.overview import Overview

CAMPAIGNS = 5
NUMBERS = 6


@require_safe
@member_required
def dashboard(request: MemberRequest) -> HttpResponse:
    days = days_of(request.GET.get("p"))
    figures = overview(request.organization, days)
    numbers = cards(request.organization.timezone)
    steps = words.funnel_steps(figures)
    context = {
        "days": days,
        "periods": DAYS,
        "today": timezone.localtime(),
        "overview": figures,
        "widgets": words.widgets(figures.figures),
        "funnel_steps": steps,
        "greatest_loss": words.greatest_loss(steps),
        "course": _course(figures),
        "campaigns": _campaigns(),
        "hot_leads": hot_leads(),
        "hot_waiting": hot_and_waiting(),
        "temperatures": temperatures(figures.period),
        "numbers": numbers[:NUMBERS],
        "capacity": summary(numbers),
        "steps": first_steps(),
    }
    template = "reports/dashboard.html#widgets" if request.htmx else "reports/dashboard.html"
    return render(request, template, context)


def _course(figures: Overview) -> list[Series] | None:
    if not any(figures.sent_course) and not any(figures.answer_course):
        return None
    return [Series(words.sent_name(), figures.sent_course), Series(words.answers_name(), figures.answer_course)]


def _campaigns() -> list[tuple[Campaign, CampaignStats, list[str]]]:
    under_way = [CampaignState.RUNNING, CampaignState.PAUSED]
    found = list(Campaign.objects.filter(state__in=under_way).order_by("-started_at")[:CAMPAIGNS])
    figures = stats_of(found)
    return [(one, figures[one.pk], [pause_words(one)] if one.pause_reason else waiting_note(one)) for one in found]
