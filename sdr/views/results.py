"""What became of the leads, and the conversations behind each number."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import member_required
from accounts.http import MemberRequest
from core.charts import Series
from core.clock import now
from sdr.insights import PERIODS, Insights

MOST = 200


@require_safe
@member_required
def results_page(request: MemberRequest) -> HttpResponse:
    insights = _insights(request)
    labels, (qualified, score) = insights.course
    series = [Series(_("Qualified"), qualified.values), Series(_("Mean score"), score.values)]
    context = {"insights": insights, "labels": labels, "counted": series[:1], "scored": series[1:], "periods": PERIODS}
    return render(request, "sdr/results.html", context)


@require_safe
@member_required
def behind_page(request: MemberRequest) -> HttpResponse:
    insights = _insights(request)
    kind, key = request.GET.get("de", ""), request.GET.get("valor", "")[:160]
    rows = insights.behind(kind, key)
    if rows is None:
        raise Http404
    found = rows.select_related("contact").order_by("-updated_at")[:MOST]
    return render(request, "sdr/behind.html", {"rows": found, "kind": kind, "key": key, "insights": insights})


def _insights(request: MemberRequest) -> Insights:
    asked = request.GET.get("dias", "")
    days = next((days for days in PERIODS if str(days) == asked), 30)
    return Insights(request.organization, now(), days)
