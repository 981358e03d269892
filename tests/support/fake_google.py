"""Google on loopback: consent, tokens that run out and are taken back, and Calendar v3 with its sync tokens and channels."""

import base64
import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from tests.support.loopback import JsonHandler, listening

CLIENT, SECRET = "prosa.apps.googleusercontent.example", "GOCSPX-fake"
SCOPES = {"calendar.events", "calendar.freebusy"}
ID_LETTERS = set("abcdefghijklmnopqrstuv0123456789")
Answer = tuple[int, Any]


@dataclass
class FakeGoogle:
    """One person's Google. ``inserted`` and ``deleted`` count effects by event id; ``faults`` are used up one per call:
    ``down`` 503, ``limit`` 403 with rateLimitExceeded, ``lost`` acts and cuts, ``expired`` refuses the access token once.
    """

    url: str = ""
    email: str = "nina@gmail.example"
    granted: set[str] = field(default_factory=lambda: set(SCOPES))
    gives_refresh: bool = True
    revoked: bool = False
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    inserted: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    refreshed: int = 0
    faults: list[str] = field(default_factory=list)
    page_size: int = 50
    oldest_token: int = 0
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    hears_https_only: bool = True
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _clock: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # ---- What the person does

    def put(self, event_id: str, start: datetime, end: datetime, **more: Any) -> None:
        """The person writes or changes an event in Google's own app."""
        known = self.events.get(event_id, {})
        self._keep(known | {
            "id": event_id, "status": "confirmed", "summary": "Dentista", "start": {"dateTime": start.isoformat()},
            "end": {"dateTime": end.isoformat()},
        } | more)  # fmt: skip

    def erase(self, event_id: str) -> None:
        self._keep({"id": event_id, "status": "cancelled"})

    def forget_sync_tokens(self) -> None:
        self.oldest_token = self._clock + 1
        self._clock += 1

    def tell(self) -> list[tuple[str, dict[str, str]]]:
        """Return what Google would POST to each channel now: address and headers."""
        return [
            (one["address"], {
                "X-Goog-Channel-ID": name, "X-Goog-Channel-Token": one["token"], "X-Goog-Resource-State": "exists",
                "X-Goog-Resource-ID": one["resourceId"],
            })
            for name, one in self.channels.items()
        ]  # fmt: skip

    def standing(self) -> dict[str, dict[str, Any]]:
        return {key: event for key, event in self.events.items() if event["status"] != "cancelled"}

    def _keep(self, event: dict[str, Any]) -> None:
        self._clock += 1
        self.events[event["id"]] = event | {"_at": self._clock}

    # ---- OAuth

    def authorize(self, asked: dict[str, str]) -> str:
        """The person agrees; return where the browser is sent."""
        assert asked["client_id"] == CLIENT
        assert asked["access_type"] == "offline"
        assert asked["code_challenge_method"] == "S256"
        code = f"code{len(self._codes)}"
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str]) -> Answer:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") == "refresh_token":
            if self.revoked or form.get("refresh_token") != "refresh-1":
                return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            self.refreshed += 1
            return 200, {"access_token": f"access-{self.refreshed + 1}", "expires_in": 3599, "token_type": "Bearer"}
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or not form.get("code_verifier") or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "access-1", "expires_in": 3599, "token_type": "Bearer", "id_token": self._id_token(),
            "scope": asked["scope"], **({"refresh_token": "refresh-1"} if self.gives_refresh else {}),
        }  # fmt: skip

    def _id_token(self) -> str:
        def part(value: dict[str, Any]) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

        at = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": "https://accounts.google.com", "aud": CLIENT, "sub": "1098", "email": self.email,
            "email_verified": True, "iat": at, "exp": at + 3600,
        }  # fmt: skip
        return f"{part({'alg': 'RS256', 'typ': 'JWT', 'kid': 'k'})}.{part(claims)}.c2ln"

    # ---- Calendar

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes, bearer: str) -> Answer | None:
        """Return status and body; None cuts the connection."""
        with self._lock:
            if path == "/token":
                return self.token({key: many[0] for key, many in parse_qs(body.decode()).items()})
            if path == "/revoke":
                self.revoked = True
                return 200, {}
            self.calls[f"{method} {path.rpartition('/')[2] if 'prosa' not in path else 'event'}"] += 1
            fault = self.faults.pop(0) if self.faults else ""
            if self.revoked or fault == "expired" or not bearer.startswith("Bearer access-"):
                return 401, {"error": {"code": 401, "errors": [{"reason": "authError"}]}}
            if fault == "down":
                return 503, {}
            if fault == "limit":
                return _refused(403, "rateLimitExceeded")
            said = self._calendar(method, path, query, json.loads(body) if body else {})
            return None if fault == "lost" else said

    def _calendar(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Answer:
        if path == "/freeBusy":
            return self._busy(body) if "calendar.freebusy" in self.granted else _refused(403, "insufficientPermissions")
        if "calendar.events" not in self.granted:
            return _refused(403, "insufficientPermissions")
        if path == "/channels/stop":
            return (204, None) if self.channels.pop(body["id"], None) else (404, {})
        parts = path.strip("/").split("/")
        if parts[:1] != ["calendars"] or unquote(parts[1]) != "primary":
            return _refused(404, "notFound")
        if parts[-1] == "watch":
            return self._watch(body)
        if len(parts) == 3:
            return self._insert(body) if method == "POST" else self._list(query)
        return self._change(method, parts[3], body)

    def _busy(self, body: dict[str, Any]) -> Answer:
        first, last = datetime.fromisoformat(body["timeMin"]), datetime.fromisoformat(body["timeMax"])
        taken = [
            {"start": event["start"]["dateTime"], "end": event["end"]["dateTime"]}
            for event in self.standing().values()
            if event.get("transparency") != "transparent" and "dateTime" in event.get("start", {})
            and datetime.fromisoformat(event["start"]["dateTime"]) < last
            and datetime.fromisoformat(event["end"]["dateTime"]) > first
        ]  # fmt: skip
        return 200, {"kind": "calendar#freeBusy", "calendars": {item["id"]: {"busy": taken} for item in body["items"]}}

    def _insert(self, body: dict[str, Any]) -> Answer:
        name = body.get("id", f"auto{self._clock:05d}")
        if not set(name) <= ID_LETTERS or not 5 <= len(name) <= 1024:
            return _refused(400, "invalid")
        if name in self.events:
            return _refused(409, "duplicate")
        self.inserted[name] += 1
        self._keep(body | {"id": name})
        return 200, self._shown(name)

    def _change(self, method: str, name: str, body: dict[str, Any]) -> Answer:
        known = self.events.get(name)
        if known is None:
            return _refused(404, "notFound")
        if method == "DELETE":
            if known["status"] == "cancelled":
                return _refused(410, "deleted")
            self.deleted[name] += 1
            self._keep(known | {"status": "cancelled"})
            return 204, None
        self._keep(known | body)
        return 200, self._shown(name)

    def _list(self, query: dict[str, str]) -> Answer:
        since = 0
        if token := query.get("syncToken"):
            if {"timeMin", "timeMax", "q", "orderBy"} & set(query):
                return _refused(400, "badRequest")
            since = int(token.removeprefix("sync-"))
            if since < self.oldest_token:
                return _refused(410, "fullSyncRequired")
        rows = sorted((event for event in self.events.values() if event["_at"] > since), key=lambda event: event["_at"])
        if not token:
            rows = [event for event in rows if event["status"] != "cancelled" and _within(event, query)]
        start = int(query.get("pageToken", "0"))
        page = [self._shown(event["id"]) for event in rows[start : start + self.page_size]]
        if start + self.page_size < len(rows):
            return 200, {"items": page, "nextPageToken": str(start + self.page_size)}
        return 200, {"items": page, "nextSyncToken": f"sync-{self._clock}"}

    def _shown(self, name: str) -> dict[str, Any]:
        event = {key: value for key, value in self.events[name].items() if key != "_at"}
        # Of a cancelled event only the id is promised.
        return {"id": name, "status": "cancelled"} if event["status"] == "cancelled" else event

    def _watch(self, body: dict[str, Any]) -> Answer:
        if self.hears_https_only and not body["address"].startswith("https://"):
            return _refused(400, "push.webhookUrlNotHttps")
        until = int((datetime.now(UTC) + timedelta(days=7)).timestamp() * 1000)
        self.channels[body["id"]] = {**body, "resourceId": "res-1"}
        return 200, {"kind": "api#channel", "id": body["id"], "resourceId": "res-1", "expiration": str(until)}


def _within(event: dict[str, Any], query: dict[str, str]) -> bool:
    start = event["start"].get("dateTime") or event["start"]["date"] + "T00:00:00+00:00"
    return query["timeMin"] <= datetime.fromisoformat(start).astimezone(UTC).isoformat() <= query["timeMax"]


def _refused(code: int, reason: str) -> Answer:
    return code, {"error": {"code": code, "errors": [{"reason": reason, "domain": "global"}], "message": reason}}


@contextmanager
def fake_google() -> Iterator[FakeGoogle]:
    fake = FakeGoogle()

    class Handler(JsonHandler):
        def serve(self) -> None:
            body = self.body()
            parts = urlsplit(self.path)
            query = {key: many[0] for key, many in parse_qs(parts.query).items()}
            if parts.path == "/auth":
                self.send_response(302)
                self.send_header("Location", fake.authorize(query))
                self.end_headers()
                return
            answer = fake.answer(self.command, parts.path, query, body, self.headers.get("Authorization", ""))
            if answer is None:
                self.close_connection = True
                return
            self.write(*answer)

    with listening(Handler) as fake.url:
        yield fake


def agree(address: str) -> str:
    """Be the browser that follows the redirect to Google and agrees; return where it is sent back to."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args: Any) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open(address, timeout=10)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("Google did not send the browser back")
