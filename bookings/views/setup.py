from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from accounts.services.audit import record_audit
from bookings.forms import SettingsForm
from bookings.holidays import STATES
from bookings.services.schedule import get_settings


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def settings_edit(request: MemberRequest) -> HttpResponse:
    own = get_settings()
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=own, states=list(STATES))
    if form.is_bound and form.is_valid():
        form.save()
        record_audit("booking.settings", actor=request.membership, target=own.slug)
        messages.success(request, _("Saved."))
        return redirect("bookings:settings")
    return render(request, "bookings/settings.html", {"form": form}, status=422 if form.errors else 200)
