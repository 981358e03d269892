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
from bookings.models import OwnerNotice
from bookings.services import bot
from bookings.services.schedule import get_settings
from core.errors import DomainError


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def settings_edit(request: MemberRequest) -> HttpResponse:
    own = get_settings()
    form = SettingsForm(
        request.POST if request.method == "POST" else None, instance=own, states=list(STATES), bot_hint=bot.hint()
    )
    if form.is_bound and form.is_valid() and _bot_works(form):
        bot.keep_token(form.cleaned_data["telegram_token"], actor=request.membership)
        form.save()
        record_audit("booking.settings", actor=request.membership, target=own.slug)
        messages.success(request, _("Saved."))
        return redirect("bookings:settings")
    return render(request, "bookings/settings.html", {"form": form}, status=422 if form.errors else 200)


def _bot_works(form: SettingsForm) -> bool:
    """Try the bot out before bookings depend on it."""
    own = form.cleaned_data
    changed = {"owner_notice", "telegram_chat_id", "telegram_token"} & set(form.changed_data)
    if own["owner_notice"] != OwnerNotice.TELEGRAM or not changed:
        return True
    try:
        bot.try_out(own["telegram_chat_id"], own["telegram_token"])
    except DomainError as error:
        form.add_error("telegram_chat_id", error.message)
        return False
    return True
