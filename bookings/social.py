"""Prosa's say in allauth's Google provider: it is asked for a calendar only.

Nobody logs in or signs up by it, and no token reaches allauth's own tables, which keep them in the clear.
"""

from datetime import timedelta
from functools import partial
from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from bookings.models import Professional
from bookings.providers.google import GoogleRefusedError
from bookings.services.google.accounts import Grant, connect
from bookings.services.google.mirroring import mirror_upcoming
from bookings.services.google.pulling import pull_calendar
from core import http
from core.breaker import CircuitOpenError
from core.clock import now
from core.errors import DomainError

HOUR = timedelta(hours=1)
TIMEOUT = (3.0, 10.0)


class CalendarAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> NoReturn:
        """Keep what Google gave, for the professional that the person is here; allauth's own way ends at this point."""
        _keep(request, sociallogin)
        raise ImmediateHttpResponse(redirect("bookings:calendar"))

    def on_authentication_error(self, request: HttpRequest, provider: Any, **_more: Any) -> NoReturn:
        messages.error(request, _("Google did not give access. Nothing was changed."))
        raise ImmediateHttpResponse(redirect("bookings:calendar"))

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Leave allauth's idea of a new person as it is: it ends with the request."""
        return sociallogin.user

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def get_requests_session(self) -> Any:
        session = http.guarded_session()
        session.request = partial(session.request, timeout=TIMEOUT)  # type: ignore[method-assign]
        return session


def _keep(request: HttpRequest, sociallogin: Any) -> None:
    member = getattr(request, "membership", None)
    who = Professional.objects.filter(membership=member).first() if member else None
    token = sociallogin.token
    if who is None:
        messages.error(request, _("Take bookings first: a calendar belongs to somebody who can be booked."))
        return
    if not token.token_secret:
        messages.error(
            request, _("Google gave access for an hour only. Take Prosa out of your Google account and try again.")
        )
        return
    grant = Grant(
        email=str(sociallogin.account.extra_data.get("email", "")), access_token=token.token,
        refresh_token=token.token_secret, expires_at=token.expires_at or now() + HOUR,
    )  # fmt: skip
    try:
        account = connect(who, grant, actor=member)
    except GoogleRefusedError:
        messages.error(
            request, _("Google did not give access to the calendar. Connect again and leave both boxes ticked.")
        )
    except (DomainError, CircuitOpenError) as error:
        messages.error(request, error.message)
    else:
        organization_id = str(account.organization_id)
        pull_calendar.enqueue(coalesce_key=str(account.pk), organization_id=organization_id, account_id=str(account.pk))
        mirror_upcoming.enqueue(organization_id=organization_id, professional_id=str(who.pk))
        messages.success(request, _("Calendar connected."))
