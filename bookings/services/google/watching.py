"""Channels on which Google says that a calendar changed, where it can reach this Prosa."""

import hmac
import secrets
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from bookings.models import CalendarAccount, CalendarState
from bookings.providers.google import GoogleError
from bookings.services.google.accounts import open_calendar
from bookings.services.google.pulling import pull_calendar
from core.breaker import CircuitOpenError
from core.clock import now
from core.crypto import decrypt_text_for, encrypt_text_for
from core.jobs import job
from core.tenancy import across_organizations

EARLY = timedelta(days=1)


def is_reachable() -> bool:
    """Tell whether Google can call this Prosa: only over https, at a name that is not this machine's own."""
    return bool(settings.HTTPS)


def watch(account: CalendarAccount) -> None:
    """Open a channel in the place of the one that ends; raises :class:`GoogleError`."""
    channel_id, secret = uuid4(), secrets.token_urlsafe(24)
    old = (account.watch_id, account.watch_resource)
    calendar = open_calendar(account)
    # Known before Google's first call, which may come before its answer.
    account.watch_id, account.watch_secret = channel_id, encrypt_text_for(account.organization_id, secret)
    account.save(update_fields=["watch_id", "watch_secret"])
    made = calendar.watch(str(channel_id), settings.BASE_URL + reverse("google-calendar-hook"), secret)
    account.watch_resource, account.watch_until = made.resource[:200], made.until
    account.save(update_fields=["watch_resource", "watch_until"])
    if old[0] and old[1]:
        calendar.stop(str(old[0]), old[1])


def hear(channel_id: str, secret: str) -> bool:
    """Take Google's word that a calendar changed; False when it is not Google's."""
    try:
        wanted = UUID(channel_id)
    except ValueError:
        return False
    with across_organizations():
        account = CalendarAccount.objects.filter(watch_id=wanted, state=CalendarState.CONNECTED).first()
    if account is None:
        return False
    if not hmac.compare_digest(decrypt_text_for(account.organization_id, account.watch_secret), secret):
        return False
    pull_calendar.enqueue(
        coalesce_key=str(account.pk), organization_id=str(account.organization_id), account_id=str(account.pk)
    )
    return True


@job("default")
def watch_calendar(*, organization_id: str, account_id: str) -> None:
    """Open the channel of one account; without one it is read every few minutes."""
    account = CalendarAccount.objects.filter(pk=account_id, state=CalendarState.CONNECTED).first()
    if account is None:
        return
    try:
        watch(account)
    except (GoogleError, CircuitOpenError):
        return


@job("default")
def renew_watches() -> None:
    """Open the channels that are missing or end within a day."""
    if not is_reachable():
        return
    with across_organizations():
        rows = CalendarAccount.objects.filter(state=CalendarState.CONNECTED)
        due = rows.filter(Q(watch_until=None) | Q(watch_until__lt=now() + EARLY)).values_list("organization_id", "pk")
        found = list(due[:500])
    for organization_id, pk in found:
        watch_calendar.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), account_id=str(pk))
