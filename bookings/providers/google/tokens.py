"""Access tokens of Google: fresh ones from the lasting token that the owner gave, and giving that back."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from django.conf import settings

from bookings.providers.google.errors import GoogleDownError, GoogleRefusedError, GoogleRevokedError
from core import http

TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address, not a token
REVOKE_URL: Final = "https://oauth2.googleapis.com/revoke"
TIMEOUT: Final = (2.0, 4.0)


@dataclass(frozen=True)
class AccessToken:
    token: str
    seconds: int


def refresh(refresh_token: str, *, client_id: str, client_secret: str) -> AccessToken:
    """Return a new access token; raises :class:`GoogleRevokedError` when the lasting one counts no more."""
    form = {
        "grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id,
        "client_secret": client_secret,
    }  # fmt: skip
    try:
        reply = http.request("POST", getattr(settings, "GOOGLE_TOKEN_URL", TOKEN_URL), data=form, timeout=TIMEOUT)
        said = reply.json()
    except (http.OutgoingError, ValueError) as error:
        raise GoogleDownError from error
    if reply.ok and isinstance(said, dict) and said.get("access_token"):
        return AccessToken(str(said["access_token"]), int(said.get("expires_in", 3600)))
    reason = str(said.get("error", "")) if isinstance(said, dict) else ""
    if reason == "invalid_grant":
        raise GoogleRevokedError
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise GoogleDownError
    raise GoogleRefusedError(reason)


def give_back(refresh_token: str) -> None:
    """Tell Google that the access is not wanted any more; whether it hears it matters to nobody here."""
    try:
        url = getattr(settings, "GOOGLE_REVOKE_URL", REVOKE_URL)
        http.request("POST", url, data={"token": refresh_token}, timeout=TIMEOUT)
    except http.OutgoingError:
        return
