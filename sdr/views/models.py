"""Who answers: services, keys, models, order, and what they cost."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.clock import now
from sdr.forms_models import RouteForm, ServiceForm, service_forms
from sdr.queries import resting, spent_by_model
from sdr.registry import WITH_KEY
from sdr.services.profiles import get_profile
from sdr.services.routing import change_route, change_service
from sdr.services.spending import month_of


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def models_page(request: MemberRequest) -> HttpResponse:
    profile = get_profile()
    service = request.POST.get("service", "")
    route = RouteForm(request.POST if request.method == "POST" and not service else None, profile=profile)
    services = service_forms(request.POST if service in WITH_KEY else None, profile)
    bound = next((form for form, _hint in services if form.is_bound), None)
    if route.is_bound and route.is_valid():
        change_route(profile, route.values, actor=request.membership)
        messages.success(request, _("Saved. It holds from the next answer on."))
        return redirect("sdr:models")
    if bound is not None and bound.is_valid():
        _change(request, bound)
        return redirect("sdr:models")
    refused = route.errors or (bound is not None and bound.errors)
    at = now()
    context = {
        "route": route, "services": services, "month": month_of(request.organization, at), "profile": profile,
        "spent": spent_by_model(request.organization, at), "resting": resting(request.organization),
    }  # fmt: skip
    return render(request, "sdr/models.html", context, status=422 if refused else 200)


def _change(request: MemberRequest, form: ServiceForm) -> None:
    data = form.cleaned_data
    change_service(
        get_profile(), form.code, form.options, key=data["key"].strip(), forget=data["forget"], actor=request.membership
    )
    messages.success(request, _("Saved. It holds from the next answer on."))
