"""Google Calendar v3: free and busy, events under ids of ours, changes by sync token, and channels that push."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings

from bookings.providers.google.contract import CalendarEvent, Changes, Entry, Watch
from bookings.providers.google.errors import (
    GoogleBusyError,
    GoogleDownError,
    GoogleRefusedError,
    GoogleRevokedError,
    SyncExpiredError,
)
from core import http
from core.breaker import Breaker

BASE: Final = "https://www.googleapis.com/calendar/v3"
PAGE: Final = 2500
PATIENCE_SECONDS: Final = 30.0
LEAST_SECONDS: Final = 0.5
BUSY_REASONS: Final = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}
GONE: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


class GoogleCalendar:
    """One calendar. ``renew`` returns a fresh access token when Google no longer takes the one at hand.

    Calls raise :class:`bookings.providers.google.errors.GoogleError` or CircuitOpenError.
    """

    def __init__(
        self, token: str, renew: Callable[[], str], *, calendar_id: str, organization_id: str, seconds: float = 10.0
    ) -> None:
        self._token, self._renew = token, renew
        self._calendar = calendar_id
        self._path = f"/calendars/{quote(calendar_id, safe='')}/events"
        self._breaker = Breaker(f"google:{organization_id}")
        self._deadline = time.monotonic() + seconds

    def busy(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return what is taken in a stretch of time right now."""
        asked = {"timeMin": _stamp(start), "timeMax": _stamp(end), "items": [{"id": self._calendar}]}
        found = self._ask("POST", "/freeBusy", json=asked).get("calendars", {}).get(self._calendar, {})
        if found.get("errors"):
            raise GoogleRefusedError(str(found["errors"][0].get("reason", "")))
        return [(_moment(span["start"]), _moment(span["end"])) for span in found.get("busy", ())]

    def write(self, entry: Entry) -> None:
        """Write an event, or bring the one of this id in line, even one that was deleted meanwhile."""
        reply = self._send("POST", self._path, params={"sendUpdates": "none"}, json={"id": entry.id} | entry.body())
        if reply.status == HTTPStatus.CONFLICT:
            reply = self._send("PATCH", f"{self._path}/{entry.id}", params={"sendUpdates": "none"}, json=entry.body())
        self._checked(reply)

    def remove(self, event_id: str) -> None:
        """Delete an event; one that is gone already, or never was, is fine."""
        reply = self._send("DELETE", f"{self._path}/{event_id}", params={"sendUpdates": "none"})
        if reply.status not in GONE:
            self._checked(reply)

    def changes(self, sync_token: str, page: str, *, first: datetime, last: datetime) -> Changes:
        """Return a page of what changed since the token, or of everything between two moments without one.

        Raises :class:`SyncExpiredError` when Google has forgotten the token.
        """
        asked = {"singleEvents": "true", "maxResults": str(PAGE)}
        asked |= {"syncToken": sync_token} if sync_token else {"timeMin": _stamp(first), "timeMax": _stamp(last)}
        reply = self._send("GET", self._path, params=asked | ({"pageToken": page} if page else {}))
        if reply.status == HTTPStatus.GONE:
            raise SyncExpiredError
        said = self._checked(reply)
        events = [_event(item) for item in said.get("items", ())]
        return Changes(events, said.get("nextPageToken", ""), said.get("nextSyncToken", ""))

    def watch(self, channel_id: str, address: str, secret: str) -> Watch:
        """Ask to be told at an https address; ``secret`` comes with every call."""
        asked = {"id": channel_id, "type": "web_hook", "address": address, "token": secret}
        said = self._ask("POST", f"{self._path}/watch", json=asked)
        until = datetime.fromtimestamp(int(said["expiration"]) / 1000, UTC)
        return Watch(str(said["id"]), str(said["resourceId"]), until)

    def stop(self, channel_id: str, resource: str) -> None:
        """Close a channel; one that is closed already is fine."""
        reply = self._send("POST", "/channels/stop", json={"id": channel_id, "resourceId": resource})
        if reply.status not in GONE:
            self._checked(reply)

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        return self._checked(self._send(method, path, **more))

    def _send(self, method: str, path: str, **more: Any) -> http.Reply:
        reply = self._once(method, path, **more)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self._token = self._renew()
            reply = self._once(method, path, **more)
            if reply.status == HTTPStatus.UNAUTHORIZED:
                raise GoogleRevokedError
        return reply

    def _once(self, method: str, path: str, **more: Any) -> http.Reply:
        left = max(LEAST_SECONDS, self._deadline - time.monotonic())
        connect = min(http.CONNECT_SECONDS, left / 4)
        try:
            return http.request(
                method, getattr(settings, "GOOGLE_API_BASE", BASE) + path, timeout=(connect, (left - connect) / 2),
                headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
                breaker=self._breaker, **more,
            )  # fmt: skip
        except http.OutgoingError as error:
            raise GoogleDownError from error

    def _checked(self, reply: http.Reply) -> dict[str, Any]:
        said = _json(reply)
        if reply.ok:
            return said
        reason = _reason(said)
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS or reason in BUSY_REASONS:
            asked = reply.headers.get("retry-after", "")
            raise GoogleBusyError(float(asked) if asked.isdigit() else PATIENCE_SECONDS)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise GoogleDownError
        raise GoogleRefusedError(reason or str(reply.status))


def overlaps(spans: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime) -> bool:
    """Tell whether any of the spans touches [start, end)."""
    return any(begin < end and stop > start for begin, stop in spans)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _when(said: Any) -> datetime | date | None:
    if not isinstance(said, dict):
        return None
    if said.get("dateTime"):
        return _moment(str(said["dateTime"]))
    return date.fromisoformat(str(said["date"])) if said.get("date") else None


def _event(item: dict[str, Any]) -> CalendarEvent:
    declined = any(a.get("self") and a.get("responseStatus") == "declined" for a in item.get("attendees", ()))
    idle = item.get("transparency") == "transparent" or item.get("eventType") == "workingLocation"
    private = item.get("extendedProperties", {}).get("private", {})
    return CalendarEvent(
        id=str(item["id"]), is_cancelled=item.get("status") == "cancelled", is_busy=not (declined or idle),
        start=_when(item.get("start")), end=_when(item.get("end")),
        mark={name: str(value) for name, value in private.items() if name.startswith("prosa")},
    )  # fmt: skip


def _json(reply: http.Reply) -> dict[str, Any]:
    try:
        said = reply.json() if reply.content else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _reason(said: dict[str, Any]) -> str:
    error = said.get("error")
    if not isinstance(error, dict):
        return ""
    details = error.get("errors") or [{}]
    return str(details[0].get("reason") or error.get("message") or "")[:200]
