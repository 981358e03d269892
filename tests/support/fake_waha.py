"""A WAHA server that is honest about what it was told: every message that it accepted is a line of its history file.

    python -m tests.support.fake_waha --port 3000 --history /tmp/history.jsonl --latency-ms 20 --cut 0.01

Fractions (0 to 1) of the sends misbehave; ``cut``, ``reset``, ``hang``, ``lost`` and ``no_id`` happen *after* the
message was accepted, the others instead of it. ``POST /_faults`` changes them while it runs, ``POST
/_inbound {chatId, text}`` lets a customer write, ``POST /_hook {event, payload}`` sends any event, ``GET /_stats`` counts.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import random
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import orjson
import uvloop

from tests.support.fake_http import Connection, Request, Response, listen

UNREADY_TEXT = "Session status is not as expected. Try again later or restart the session"
SEND = re.compile(r"/api/send(Text|Image|File|Voice|Video)")
SESSION = re.compile(r"/api/sessions/([^/]+)(?:/(start|stop|restart|logout|me))?")
QR = re.compile(r"/api/([^/]+)/auth/qr")
HANG_SECONDS = 3600.0


@dataclass
class Faults:
    """How the server misbehaves. ``retry_after`` is for 429: seconds; ``retry_date`` gives it as a date."""

    latency_ms: float = 0.0
    p422: float = 0.0
    p404: float = 0.0
    p400: float = 0.0
    p429: float = 0.0
    p500: float = 0.0
    p503: float = 0.0
    lost: float = 0.0
    cut: float = 0.0
    reset: float = 0.0
    hang: float = 0.0
    no_id: float = 0.0
    invalid: float = 0.0
    retry_after: float = 0.0
    retry_date: bool = False
    acks: bool = False
    ack_seconds: float = 0.05
    fails: float = 0.0


@dataclass
class Session:
    status: str = "STOPPED"
    config: dict[str, Any] = dataclasses.field(default_factory=dict)

    def shown(self, name: str) -> dict[str, Any]:
        me = {"id": "5511988880000@c.us", "pushName": "Loja"} if self.status == "WORKING" else None
        return {"name": name, "status": self.status, "config": self.config, "me": me, "engine": {"engine": "GOWS"}}


class FakeWaha:
    """``sessions`` exist from the start and work; ``default`` exists stopped, as in the free edition."""

    def __init__(
        self, history: Path, *, key: str = "", sessions: tuple[str, ...] = ("default",), seed: int = 1, faults: Faults
    ) -> None:
        self.key, self.faults = key, faults
        self.random = random.Random(seed)
        self.prefix = f"{seed:X}{time.time_ns():X}"
        self.sessions = {"default": Session(), **{name: Session("WORKING") for name in sessions}}
        # A phone that is not logged in yet has a code to scan, which changes.
        self.needs_scan, self.code = False, "2@fake,code,to,scan"
        self.counts: Counter[str] = Counter()
        self.history = os.open(history, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.http: aiohttp.ClientSession
        self.tasks: set[asyncio.Task[None]] = set()

    def handle(self, request: Request) -> Response:
        if request.path == "/ping":
            return Response(200, {"message": "pong"})
        if request.path.startswith("/_"):
            return self._control(request)
        if self.key and request.headers.get("x-api-key") != self.key:
            return Response(401, {"message": "Unauthorized", "statusCode": 401})
        if match := SEND.fullmatch(request.path):
            return self._send(request, match[1])
        if request.path in {"/api/sendSeen", "/api/startTyping", "/api/stopTyping"}:
            return self._presence(request)
        if request.path == "/api/contacts/check-exists":
            return self._check(request)
        return self._about_sessions(request)

    # ---- Sending

    def _send(self, request: Request, kind: str) -> Response:
        started = time.time()
        body = request.json()
        if not isinstance(body, dict) or not body.get("chatId") or (kind == "Text" and "text" not in body):
            return Response(400, {"statusCode": 400, "message": ["chatId must be a string"], "error": "Bad Request"})
        response = self._unready(str(body.get("session"))) or self._instead()
        if response is None:
            response = self._accept(body, kind, started)
        else:
            self.counts[str(response.status)] += 1
        response.delay = self.faults.latency_ms / 1000
        return response

    def _presence(self, request: Request) -> Response:
        body = request.json()
        response = self._unready(str(body.get("session"))) or Response(201, {})
        self.counts[f"{request.path.rsplit('/', 1)[1]} {response.status}"] += 1
        return response

    def _unready(self, name: str) -> Response | None:
        session = self.sessions.get(name)
        if session is None or session.status == "STOPPED":
            advice = f"Please start it first by using POST /api/sessions/{name}/start request"
            text = f"We didn't find a session with name '{name}'.\n{advice}"
            return Response(404, {"statusCode": 404, "message": text, "error": "Not Found"})
        if session.status != "WORKING":
            return self._not_working(name, session.status)
        return None

    @staticmethod
    def _not_working(name: str, status: str) -> Response:
        return Response(422, {"error": UNREADY_TEXT, "session": name, "status": status, "expected": ["WORKING"]})

    def _instead(self) -> Response | None:
        """Return what is answered instead of accepting, by the fractions."""
        dice = self.random.random()
        for status in (422, 404, 400, 429, 500, 503):
            fraction: float = getattr(self.faults, f"p{status}")
            if dice < fraction:
                return self._error(status)
            dice -= fraction
        return None

    def _error(self, status: int) -> Response:
        if status == 422:
            return self._not_working("default", "STARTING")
        body = {"statusCode": status, "message": "as told", "error": "Fault"}
        headers: tuple[str, ...] = ()
        if status == 429 and self.faults.retry_after:
            date = datetime.now(UTC) + timedelta(seconds=self.faults.retry_after)
            after = format_datetime(date, usegmt=True) if self.faults.retry_date else f"{self.faults.retry_after:g}"
            headers = (f"Retry-After: {after}",)
        return Response(status, body, headers)

    def _accept(self, body: dict[str, Any], kind: str, started: float) -> Response:
        self.counts["accepted"] += 1
        number = self.counts["accepted"]
        identifier = f"{self.prefix}{number:06X}"
        faults, dice, fate = self.faults, self.random.random(), "ok"
        for name in ("cut", "reset", "hang", "lost", "no_id"):
            fraction = getattr(faults, name)
            if dice < fraction:
                fate = name
                break
            dice -= fraction
        text = body.get("text", body.get("caption", ""))
        line = {"n": number, "at": started, "session": body["session"], "chatId": body["chatId"], "text": text}
        os.write(self.history, orjson.dumps({**line, "kind": kind, "id": identifier, "fate": fate}) + b"\n")
        self.counts[fate] += 1
        if faults.acks:
            self._start(self._acknowledge(body, identifier, str(text)))
        return self._reply(f"true_{body['chatId']}_{identifier}", fate)

    @staticmethod
    def _reply(whole: str, fate: str) -> Response:
        if fate == "lost":
            return Response(500, {"statusCode": 500, "message": "Internal server error"})
        answer = {} if fate == "no_id" else {"id": whole, "timestamp": int(time.time()), "fromMe": True, "ack": 0}
        return Response(201, answer, cut=fate == "cut", reset=fate == "reset", hang=fate == "hang")

    def _check(self, request: Request) -> Response:
        query = parse_qs(request.query)
        name, phone = query.get("session", [""])[0], query.get("phone", [""])[0]
        unready = self._unready(name)
        if unready is not None:
            return unready
        self.counts["checks"] += 1
        is_missing = int(hashlib.sha256(phone.encode()).hexdigest()[:6], 16) / 0xFFFFFF < self.faults.invalid
        # Old accounts outside of the first area codes keep eight digits, which only the server knows.
        chat = phone[:4] + phone[5:] if len(phone) == 13 and phone[2] >= "3" else phone
        found = {"numberExists": False} if is_missing else {"numberExists": True, "chatId": f"{chat}@c.us"}
        return Response(200, found, delay=self.faults.latency_ms / 1000)

    # ---- Sessions

    def _about_sessions(self, request: Request) -> Response:
        if request.path == "/api/version":
            return Response(200, {"version": "2026.7.1", "engine": "GOWS", "tier": "CORE", "browser": None})
        if request.path == "/api/sessions":
            return (
                self._create(request)
                if request.method == "POST"
                else Response(200, [s.shown(n) for n, s in self.sessions.items()])
            )
        if match := QR.fullmatch(request.path):
            return self._qr(match[1])
        match = SESSION.fullmatch(request.path)
        if match is None:
            return Response(
                404, {"statusCode": 404, "message": f"Cannot {request.method} {request.path}", "error": "Not Found"}
            )
        return self._session(request, match[1], match[2])

    def _create(self, request: Request) -> Response:
        body = request.json() or {}
        name = body.get("name", "default")
        if name in self.sessions:
            text = f"Session '{name}' already exists. Use PUT to update it."
            return Response(422, {"statusCode": 422, "message": text, "error": "Unprocessable Entity"})
        status = self._opened() if body.get("start", True) else "STOPPED"
        self.sessions[name] = Session(status, body.get("config") or {})
        return Response(201, self.sessions[name].shown(name))

    def _session(self, request: Request, name: str, verb: str | None) -> Response:
        session = self.sessions.get(name)
        if session is None:
            return Response(404, {"statusCode": 404, "message": "Session not found", "error": "Not Found"})
        if request.method == "DELETE":
            del self.sessions[name]
            return Response(200)
        if request.method == "PUT":
            session.config = (request.json() or {}).get("config") or {}
        if request.method == "POST" and verb is not None:
            session.status = "STOPPED" if verb in {"stop", "logout"} else self._opened()
            self._start(self._announce(name))
        if verb == "me":
            return Response(200, session.shown(name)["me"] or b"")
        return Response(201 if request.method == "POST" else 200, session.shown(name))

    def _opened(self) -> str:
        return "SCAN_QR_CODE" if self.needs_scan else "WORKING"

    def _qr(self, name: str) -> Response:
        session = self.sessions.get(name, Session())
        if session.status != "SCAN_QR_CODE":
            body = {"error": UNREADY_TEXT, "session": name, "status": session.status, "expected": ["SCAN_QR_CODE"]}
            return Response(422, body)
        return Response(200, {"value": self.code})

    # ---- Webhooks

    def _control(self, request: Request) -> Response:
        body = request.json() or {}
        match request.path:
            case "/_faults":
                self.faults = dataclasses.replace(self.faults, **body)
            case "/_inbound":
                self._start(self._inbound(body))
            case "/_hook":
                self._start(self._post(body.get("session", "default"), body["event"], body["payload"]))
            case "/_status":
                name = body.get("session", "default")
                self.sessions[name].status = body["status"]
                self._start(self._announce(name))
        return Response(200, dict(self.counts))

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _announce(self, name: str) -> None:
        await self._post(name, "session.status", {"name": name, "status": self.sessions[name].status, "statuses": []})

    async def _inbound(self, body: dict[str, Any]) -> None:
        identifier = body.get("id") or f"IN{self.prefix}{self.random.getrandbits(48):012X}"
        payload = {
            "id": f"false_{body['chatId']}_{identifier}", "timestamp": int(time.time()), "from": body["chatId"],
            "fromMe": False, "source": "app", "to": "5511988880000@c.us", "body": body["text"],
            "hasMedia": False, "media": None, "_data": {"notifyName": body.get("name", "")},
        }  # fmt: skip
        await self._post(body.get("session", "default"), "message.any", payload)

    async def _acknowledge(self, body: dict[str, Any], identifier: str, text: str) -> None:
        whole, chat = f"true_{body['chatId']}_{identifier}", body["chatId"]
        echo = {"id": whole, "timestamp": int(time.time()), "from": "5511988880000@c.us", "to": chat, "fromMe": True,
                "source": "api", "body": text, "hasMedia": False, "ack": 0}  # fmt: skip
        await self._post(body["session"], "message.any", echo)
        for ack in (-1,) if self.random.random() < self.faults.fails else (1, 2, 3):
            await asyncio.sleep(self.faults.ack_seconds)
            await self._post(body["session"], "message.ack", {"id": whole, "from": chat, "fromMe": True, "ack": ack})

    async def _post(self, name: str, event: str, payload: dict[str, Any]) -> None:
        session = self.sessions.get(name, Session())
        environment = {"version": "2026.7.1", "engine": "GOWS", "tier": "CORE", "browser": None}
        envelope = {
            "id": f"evt_{self.random.getrandbits(64):016x}", "timestamp": time.time_ns() // 1_000_000, "event": event,
            "session": name, "metadata": {}, "me": session.shown(name)["me"], "payload": payload, "engine": "GOWS",
            "environment": environment,
        }  # fmt: skip
        for webhook in session.config.get("webhooks") or []:
            if event in webhook.get("events", []):
                await self._deliver(webhook, orjson.dumps(envelope), str(envelope["id"]))

    async def _deliver(self, webhook: dict[str, Any], body: bytes, number: str) -> None:
        headers = {"Content-Type": "application/json", "X-Webhook-Request-Id": number}
        headers["X-Webhook-Timestamp"] = str(time.time_ns() // 1_000_000)
        if key := (webhook.get("hmac") or {}).get("key"):
            headers["X-Webhook-Hmac"] = hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
            headers["X-Webhook-Hmac-Algorithm"] = "sha512"
        for attempt in range(int((webhook.get("retries") or {}).get("attempts", 1))):
            status = 0
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self.http.post(webhook["url"], data=body, headers=headers) as answer:
                    status = answer.status
            self.counts[f"hook {status}"] += 1
            if 200 <= status < 300:
                return
            await asyncio.sleep(min(0.2 * 2**attempt, 5))


async def serve(fake: FakeWaha, port: int, started: "list[int]", ready: threading.Event, stop: asyncio.Event) -> None:
    """Serve until ``stop``; the port goes into ``started``."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as fake.http:
        server, found, connections = await listen(fake.handle, port)
        started.append(found)
        ready.set()
        await stop.wait()
        server.close()
        await _finish(fake, connections)


async def _finish(fake: FakeWaha, connections: set[Connection]) -> None:
    for connection in list(connections):
        connection.transport.abort()
    for task in list(fake.tasks):
        task.cancel()
    await asyncio.gather(*fake.tasks, return_exceptions=True)
    os.close(fake.history)


@dataclass
class Running:
    """A fake in a thread of its own; ``accepted`` is the truth about what was sent to whom."""

    url: str
    history: Path
    fake: FakeWaha

    def accepted(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.history.read_text().splitlines()]


@contextmanager
def fake_waha(
    history: Path, *, key: str = "", sessions: tuple[str, ...] = ("default",), seed: int = 1, **faults: Any
) -> Iterator[Running]:
    """Run a fake on a free port beside the test."""
    fake = FakeWaha(history, key=key, sessions=sessions, seed=seed, faults=Faults(**faults))
    started: list[int] = []
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(fake, 0, started, ready, stop)), daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the fake gateway did not start")
    try:
        yield Running(f"http://127.0.0.1:{started[0]}", history, fake)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--key", default="")
    parser.add_argument("--session", action="append", default=[], help="one that exists and works; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    for field in dataclasses.fields(Faults):
        name = f"--{field.name.replace('_', '-')}"
        if field.type is bool:
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=float, default=field.default)
    given = vars(parser.parse_args())
    port, history, key, sessions, seed = (given.pop(name) for name in ("port", "history", "key", "session", "seed"))
    fake = FakeWaha(history, key=key, sessions=tuple(sessions) or ("default",), seed=seed, faults=Faults(**given))
    uvloop.run(_run(fake, port))


async def _run(fake: FakeWaha, port: int) -> None:
    stop, started, loop = asyncio.Event(), [], asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    task = asyncio.create_task(serve(fake, port, started, threading.Event(), stop))
    while not started and not task.done():
        await asyncio.sleep(0.01)
    if started:
        sys.stdout.write(f"http://127.0.0.1:{started[0]}\n")
        sys.stdout.flush()
    await task


if __name__ == "__main__":
    main()
