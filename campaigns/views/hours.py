"""The map of answers by weekday and hour, of an organization and of a campaign, and whether the pace follows it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.queries.figures import get_campaign
from campaigns.queries.replies import replies_of
from core.clock import now
from core.week import DAYS, Week
from gateways.pool.shape import ENOUGH_MESSAGES, SPAN, answers_of, follow_answers, follows_answers, open_hours, shape_of


@dataclass(frozen=True)
class HeatCell:
    count: int
    level: int
    is_slow: bool = False


@require_safe
@member_required
def hours_page(request: MemberRequest) -> HttpResponse:
    """Show when people write to the organization, and whether the pace follows that."""
    week, follows = answers_of(request.organization.timezone, now()), follows_answers()
    is_shaped = follows and week.total >= ENOUGH_MESSAGES
    context = {
        "follows": follows, "is_shaped": is_shaped, "least": ENOUGH_MESSAGES, "span_days": SPAN.days,
        "missing": max(0, ENOUGH_MESSAGES - week.total), **heat(week, shape_of(week, open_hours()) if is_shaped else None),
    }  # fmt: skip
    return render(request, "campaigns/hours.html", context)


@require_POST
@role_required(Role.ADMIN)
def hours_follow(request: MemberRequest) -> HttpResponse:
    follow_answers(follows=request.POST.get("follows") == "yes", actor=request.membership)
    messages.success(request, _("Saved."))
    return redirect("campaigns:hours")


@require_safe
@member_required
def campaign_hours(request: MemberRequest, campaign_id: UUID) -> HttpResponse:
    campaign = get_campaign(campaign_id)
    context = {"campaign": campaign, **heat(replies_of(campaign))}
    name = "campaigns/hours.html#heat" if request.htmx else "campaigns/hours.html"
    return render(request, name, context)


def heat(week: Week, shape: list[list[int]] | None = None) -> dict[str, Any]:
    """Return a week as the rows of its table: an hour each, with a cell for every weekday; slow where gaps are longer."""
    rows = [
        (
            hour,
            [
                HeatCell(week.counts[day][hour], week.level(day, hour), bool(shape) and shape[day][hour] > 100)  # type: ignore[index]
                for day in range(DAYS)
            ],
        )
        for hour in week.hours
    ]
    best = week.best
    return {
        "week": week,
        "heat_rows": rows,
        "heat_days": [(WEEKDAYS_ABBR[day], WEEKDAYS[day]) for day in range(DAYS)],
        "best_words": _("Most people write on %(day)s at %(hour)d h.")
        % {"day": str(WEEKDAYS[best[0]]).lower(), "hour": best[1]}
        if best
        else "",
    }
