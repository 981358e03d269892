"""When people work: hours, holidays, special days and time off."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Membership, Role
from accounts.services.audit import record_audit
from bookings import queries
from bookings.forms import DayRuleForm, HoursForm, TimeOffForm
from bookings.models import DayRule, Professional, TimeOff
from bookings.services import schedule
from core.clock import now
from core.errors import DomainError

YEAR = timedelta(days=365)


@require_safe
@member_required
def timetable(request: MemberRequest) -> HttpResponse:
    people = queries.members_and_professionals()
    hours = schedule.hours_of([who for _member, who in people if who])
    rows = [
        {"member": member, "professional": who, "days": _in_words(hours[who.pk]) if who else []}
        for member, who in people
    ]
    return render(request, "bookings/timetable.html", {"rows": rows})


def _in_words(week: dict[int, list[tuple[int, int]]]) -> list[tuple[Any, list[str]]]:
    return [
        (WEEKDAYS[day], [f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in sorted(week[day])])
        for day in range(7) if week.get(day)
    ]  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def hours_edit(request: MemberRequest, membership_id: UUID) -> HttpResponse:
    member = Membership.objects.select_related("user").filter(pk=membership_id, is_active=True).first()
    if member is None:
        raise Http404
    who = Professional.objects.filter(membership=member).first()
    week = schedule.hours_of([who])[who.pk] if who else dict(schedule.WEEKDAYS)
    form = HoursForm(
        request.POST if request.method == "POST" else None, member=member, professional=who,
        week={day: sorted(shifts) for day, shifts in week.items()},
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        try:
            _save_hours(request, member, form)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Hours saved."))
            return redirect("bookings:timetable")
    days = [(WEEKDAYS[day], shifts) for day, shifts in form.days]
    context = {"form": form, "member": member, "days": days}
    return render(request, "bookings/hours_form.html", context, status=422 if form.errors else 200)


def _save_hours(request: MemberRequest, member: Membership, form: HoursForm) -> None:
    # Checked before anything is written, so that a refused week leaves no half of it.
    schedule.check_week(form.week)
    own = form.cleaned_data
    who = schedule.save_professional(member, name=own["name"], is_active=own["is_active"], actor=request.membership)
    schedule.set_hours(who, form.week, actor=request.membership)


@require_safe
@member_required
def days_off(request: MemberRequest) -> HttpResponse:
    return _days_off(request)


def _days_off(
    request: MemberRequest, *, time_off: TimeOffForm | None = None, day_rule: DayRuleForm | None = None
) -> HttpResponse:
    today = timezone.localdate()
    rules = DayRule.objects.filter(day__gte=today)[:200]
    context = {
        "closed": sorted(schedule.closed_days(today, today + YEAR).items()), "rules": rules,
        "time_off": queries.upcoming_time_off(now()), "time_off_form": time_off or TimeOffForm(),
        "day_form": day_rule or DayRuleForm(), "settings": schedule.get_settings(),
    }  # fmt: skip
    return render(request, "bookings/days_off.html", context, status=422 if time_off or day_rule else 200)


@require_POST
@role_required(Role.AGENT)
def time_off_create(request: MemberRequest) -> HttpResponse:
    form = TimeOffForm(request.POST)
    if form.is_valid():
        try:
            own = form.cleaned_data
            schedule.add_time_off(own["professional"], *form.span, reason=own["reason"], actor=request.membership)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Time off saved. Bookings already made stay: move them if you need to."))
            return redirect("bookings:days-off")
    return _days_off(request, time_off=form)


@require_POST
@role_required(Role.AGENT)
def time_off_delete(request: MemberRequest, time_off_id: UUID) -> HttpResponse:
    row = TimeOff.objects.filter(pk=time_off_id).first()
    if row is None:
        raise Http404
    row.delete()
    record_audit("booking.time_off_removed", actor=request.membership, target=row.reason)
    return redirect("bookings:days-off")


@require_POST
@role_required(Role.ADMIN)
def day_rule_set(request: MemberRequest) -> HttpResponse:
    form = DayRuleForm(request.POST)
    if not form.is_valid():
        return _days_off(request, day_rule=form)
    own = form.cleaned_data
    schedule.set_day_rule(own["day"], is_open=own["is_open"], name=own["name"], actor=request.membership)
    messages.success(request, _("Day saved."))
    return redirect("bookings:days-off")


@require_POST
@role_required(Role.ADMIN)
def day_rule_delete(request: MemberRequest, day_rule_id: UUID) -> HttpResponse:
    row = DayRule.objects.filter(pk=day_rule_id).first()
    if row is None:
        raise Http404
    row.delete()
    record_audit("booking.day_removed", actor=request.membership, target=row.day.isoformat())
    return redirect("bookings:days-off")
