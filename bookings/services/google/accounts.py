"""Linked calendars: connecting, opening with a fresh token, and letting go. Tokens are only ever kept sealed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings

from accounts.models import Membership
from accounts.services.audit import record_audit
from bookings.models import CalendarAccount, CalendarState, Professional
from bookings.providers.google import GoogleCalendar, GoogleError, GoogleRevokedError, give_back, refresh
from core.breaker import CircuitOpenError
from core.clock import now
from core.crypto import decrypt_for, encrypt_for
from core.live import signal

EARLY: Final = timedelta(seconds=60)
SECONDS: Final = 10.0


@dataclass(frozen=True)
class Grant:
    """What the owner of a calendar gave; ``refresh_token`` lasts until it is taken back."""

    email: str
    access_token: str
    refresh_token: str
    expires_at: datetime


def is_offered() -> bool:
    """Tell whether whoever runs this Prosa has registered it with Google."""
    return bool(settings.GOOGLE_CLIENT_ID and settings.GOOGLE_CLIENT_SECRET)


def connect(professional: Professional, grant: Grant, *, actor: Membership | None) -> CalendarAccount:
    """Link a calendar, after a look whether the access is enough; raises :class:`GoogleError` when it is not."""
    trial = GoogleCalendar(
        grant.access_token, lambda: grant.access_token, calendar_id="primary",
        organization_id=str(professional.organization_id),
    )  # fmt: skip
    at = now()
    trial.busy(at, at + timedelta(hours=1))
    trial.changes("", "", first=at, last=at + timedelta(hours=1))
    values = {
        "email": grant.email, "state": CalendarState.CONNECTED, "error": "", "sync_token": "", "synced_at": None,
        "organization_id": professional.organization_id,
        "sealed": _seal(professional, grant.access_token, grant.refresh_token, grant.expires_at),
    }  # fmt: skip
    account: CalendarAccount
    account, _created = CalendarAccount.objects.update_or_create(professional=professional, defaults=values)
    record_audit("booking.calendar_connected", actor=actor, target=grant.email)
    return account


def _seal(owner: Professional | CalendarAccount, access: str, lasting: str, expires_at: datetime) -> str:
    tokens = {"access": access, "refresh": lasting, "expires_at": expires_at.isoformat()}
    return encrypt_for(owner.organization_id, tokens)


def account_of(professional: Professional) -> CalendarAccount | None:
    """Return the professional's linked calendar while Google gives access to it."""
    rows = CalendarAccount.objects.filter(professional=professional, state=CalendarState.CONNECTED)
    found: CalendarAccount | None = rows.first()
    return found


def open_calendar(account: CalendarAccount, *, seconds: float = SECONDS) -> GoogleCalendar:
    """Return the calendar, ready to be used; raises :class:`GoogleError`, having noted it when access is gone."""
    tokens = decrypt_for(account.organization_id, account.sealed)
    token = tokens["access"]
    if datetime.fromisoformat(tokens["expires_at"]) - EARLY <= now():
        token = _renewed(account, tokens)
    return GoogleCalendar(
        token, partial(_renewed, account, tokens), calendar_id=account.calendar_id,
        organization_id=str(account.organization_id), seconds=seconds,
    )  # fmt: skip


def _renewed(account: CalendarAccount, tokens: dict[str, Any]) -> str:
    try:
        fresh = refresh(
            tokens["refresh"], client_id=settings.GOOGLE_CLIENT_ID, client_secret=settings.GOOGLE_CLIENT_SECRET
        )
    except GoogleRevokedError as error:
        mark_revoked(account, error.message)
        raise
    sealed = _seal(account, fresh.token, tokens["refresh"], now() + timedelta(seconds=fresh.seconds))
    CalendarAccount.objects.filter(pk=account.pk).update(sealed=sealed)
    account.sealed = sealed
    return fresh.token


def mark_revoked(account: CalendarAccount, reason: str) -> None:
    """Note that Google gives no access any more; the agenda goes on in house, with what was known."""
    CalendarAccount.objects.filter(pk=account.pk).update(state=CalendarState.REVOKED, error=reason[:300])
    signal(account.organization_id, "bookings")


def disconnect(account: CalendarAccount, *, actor: Membership | None) -> None:
    """Forget a calendar and its tokens; the events written to it stay, they are its owner's."""
    tokens = decrypt_for(account.organization_id, account.sealed)
    if account.watch_id and account.state == CalendarState.CONNECTED:
        _stop(account)
    record_audit("booking.calendar_disconnected", actor=actor, target=account.email)
    organization_id = account.organization_id
    account.delete()
    give_back(tokens["refresh"])
    signal(organization_id, "bookings")


def _stop(account: CalendarAccount) -> None:
    try:
        open_calendar(account).stop(str(account.watch_id), account.watch_resource)
    except (GoogleError, CircuitOpenError):
        return  # it runs out by itself, and what it says then finds no account
