"""What became of the leads, and the conversations behind each number."""

from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from accounts.access import member_required
from accounts.http import MemberRequest
from accounts.services.audit import record_audit
from core.charts import Series, ring
from core.clock import now
from core.exports import table_response
from core.paging import page_of
from sdr.insights import PERIODS, Insights, Unit, rows_behind
from sdr.insights.outcomes import Leads
from sdr.insights.parts import Part
from sdr.insights.suggesting import suggestions_of
from sdr.insights.tables import lead_rows
from sdr.models import QualificationStatus

LONGEST_KEY = 400
PAGE = 50


@require_safe
@member_required
def results_page(request: MemberRequest) -> HttpResponse:
    insights = insights_of(request)
    context = {
        "insights": insights, "suggestions": suggestions_of(insights), "periods": PERIODS, "units": list(Unit), **_course(insights),
        "ring": ring([(part.key, part.count) for part in insights.temperatures]),
        "states": [Part(key, insights.counts[key], insights.counts["all"]) for key in QualificationStatus.values],
    }  # fmt: skip
    return render(request, "sdr/results.html", context)


def _course(insights: Insights) -> dict[str, Any]:
    """Return both charts, each figure of their tables with the address of its conversations."""
    labels, (qualified, score) = insights.course
    keys = [bucket.key for bucket in insights.period.buckets]
    return {
        "labels": labels,
        "counted": [Series(_("Qualified"), qualified.values)], "counted_links": _links(insights, "qualified_in", keys),
        "scored": [Series(_("Mean score"), score.values)], "scored_links": _links(insights, "read_in", keys),
        "bucket_name": {
            Unit.DAY: _("Day"), Unit.WEEK: pgettext("chart", "Week of"), Unit.MONTH: pgettext("chart", "Month"),
        }[insights.period.told_by],
    }  # fmt: skip


def _links(insights: Insights, kind: str, keys: list[str]) -> list[str]:
    shared = {"dias": insights.days, "por": insights.period.told_by.value, "de": kind}
    return [f"conversas/?{urlencode(shared | {'valor': key})}" for key in keys]


@require_safe
@member_required
def behind_page(request: MemberRequest) -> HttpResponse:
    insights = insights_of(request)
    rows = _behind(request, insights)
    page = page_of(request, rows.select_related("contact"), order="-started_at", size=PAGE)
    context = {
        "rows": page.items, "next_cursor": page.next_cursor, "total": rows.count(), "kind": request.GET.get("de", ""),
        "key": _key(request), "insights": insights,
        "bucket": insights.period.bucket(_key(request)),
    }  # fmt: skip
    return render(request, "sdr/behind.html", context)


@require_safe
@member_required
def leads_export(request: MemberRequest, file_format: str) -> HttpResponseBase:
    """Send the leads behind a number, or all of the period."""
    headers, rows = lead_rows(_behind(request, insights_of(request), otherwise="all"))
    record_audit("sdr.leads_exported", actor=request.membership, data={"filters": request.GET.urlencode()[:500]})
    return table_response(file_format, _("leads of the SDR"), headers, rows)  # type: ignore[arg-type]  # the URLs say csv or xlsx


def _behind(request: MemberRequest, insights: Insights, otherwise: str = "") -> Leads:
    rows = rows_behind(insights, request.GET.get("de", otherwise), _key(request))
    if rows is None:
        raise Http404
    return rows


def _key(request: MemberRequest) -> str:
    return request.GET.get("valor", "")[:LONGEST_KEY].replace("\x00", "")


def insights_of(request: MemberRequest) -> Insights:
    """Return the numbers of the period that the address asks for."""
    asked, told_by = request.GET.get("dias", ""), request.GET.get("por", "")
    days = next((days for days in PERIODS if str(days) == asked), 30)
    unit = next((unit for unit in Unit if unit.value == told_by), None)
    return Insights(request.organization, now(), days, unit)
