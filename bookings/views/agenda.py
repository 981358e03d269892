from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import member_required
from accounts.http import MemberRequest
from bookings import queries
from bookings.grid import week_of
from bookings.models import Professional
from bookings.services.schedule import get_settings

FARTHEST = timedelta(days=3660)


@dataclass(frozen=True)
class Place:
    """Where in the agenda a page is."""

    day: date
    view: str
    professional: Professional | None

    @property
    def days(self) -> list[date]:
        return [self.day] if self.view == "dia" else week_of(self.day)

    @property
    def step(self) -> timedelta:
        return timedelta(days=1 if self.view == "dia" else 7)


def place_of(request: MemberRequest) -> Place:
    today = timezone.localdate()
    try:
        day = date.fromisoformat(request.GET.get("dia", ""))
    except ValueError:
        day = today
    day = min(max(day, today - FARTHEST), today + FARTHEST)
    view = "dia" if request.GET.get("visao") == "dia" else "semana"
    return Place(day, view, queries.find_professional(request.GET.get("profissional", "")))


@require_safe
@member_required
def agenda_page(request: MemberRequest) -> HttpResponse:
    place = place_of(request)
    context: dict[str, Any] = {
        "place": place, "grid": queries.agenda(place.days, place.professional), "previous": place.day - place.step,
        "next": place.day + place.step, "today": timezone.localdate(), "professionals": queries.professionals(),
        "settings": get_settings(),
    }  # fmt: skip
    if request.htmx and request.htmx.target == "agenda":
        return render(request, "bookings/agenda.html#agenda", context)
    context["has_services"] = queries.services().exists()
    return render(request, "bookings/agenda.html", context)
