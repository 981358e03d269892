from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from bookings import queries
from bookings.access import get_service
from bookings.forms import ServiceForm
from bookings.models import Service
from bookings.services.schedule import save_service
from core.errors import DomainError


@require_safe
@member_required
def service_list(request: MemberRequest) -> HttpResponse:
    rows = list(queries.services(active=False).prefetch_related("professionals")[:300])
    return render(request, "bookings/services.html", {"services": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def service_edit(request: MemberRequest, service_id: UUID | None = None) -> HttpResponse:
    service = get_service(service_id) if service_id else Service(organization=request.organization)
    form = ServiceForm(request.POST if request.method == "POST" else None, service=service)
    if form.is_bound and form.is_valid():
        try:
            save_service(service, actor=request.membership, **form.values)
        except DomainError as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, _("Service saved."))
            return redirect("bookings:services")
    context = {
        "form": form,
        "service": service,
        "is_new": service_id is None,
        "has_professionals": queries.professionals(),
    }
    return render(request, "bookings/service_form.html", context, status=422 if form.errors else 200)
