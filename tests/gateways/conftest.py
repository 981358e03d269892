"""A WAHA number of Acme, its webhooks as the server sends them, and a server that answers by script."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from accounts.models import Organization
from core.clock import now
from core.tenancy import activate_organization
from gateways.calls import Answer, HttpCall, HttpReply, Operation, R
from gateways.intake.ingest import forget_receivers
from gateways.models import Channel, ChannelState
from gateways.transport import sync

KEY = "segredo-do-canal"
API_KEY = "chave-da-api"
CUSTOMER = "5511999998888@c.us"
MakeChannel = Callable[..., Channel]


@pytest.fixture(autouse=True)
def _no_known_receivers() -> Iterator[None]:
    forget_receivers()
    yield
    forget_receivers()


@pytest.fixture
def make_channel(acme: Organization) -> MakeChannel:
    def make(
        organization: Organization = acme, *, provider: str = "waha", config: Any = None, **values: Any
    ) -> Channel:
        settings = {"base_url": "http://127.0.0.1:3000", "session": "default", "api_key": API_KEY, "hmac_key": KEY}
        channel = Channel(organization=organization, provider=provider, **({"name": "Recepção"} | values))
        channel.config = config if config is not None else settings if provider == "waha" else {}
        with activate_organization(organization.pk):
            channel.save()
        return channel

    return make


@pytest.fixture
def channel(make_channel: MakeChannel) -> Channel:
    """A connected number that signs its webhooks with ``KEY``."""
    return make_channel(state=ChannelState.CONNECTED, state_at=now(), connected_at=now())


def message(number: int = 1, text: str = "Oi", **payload: Any) -> dict[str, Any]:
    """A customer's message as the webhook of WAHA tells it."""
    body = {
        "id": f"false_{CUSTOMER}_AAAA{number:04}", "timestamp": int(now().timestamp()), "from": CUSTOMER, "fromMe": False,
        "to": "5511988880000@c.us", "body": text, "hasMedia": False, "source": "app",
    }  # fmt: skip
    return {"event": "message.any", "session": "default", "payload": body | payload, "id": f"evt_{number:08}"}


def ack(number: int, external_id: str, level: int) -> dict[str, Any]:
    """A delivery state as the webhook of WAHA tells it."""
    payload = {"id": f"true_{CUSTOMER}_{external_id}", "from": CUSTOMER, "fromMe": True, "ack": level}
    return {"event": "message.ack", "session": "default", "payload": payload, "id": f"evt_{number:08}"}


def session(status: str, number: int | None = None) -> dict[str, Any]:
    """A change of the connection; without a number the bytes of an old server, equal for each such change."""
    event: dict[str, Any] = {
        "event": "session.status",
        "session": "default",
        "payload": {"name": "default", "status": status},
    }
    return event if number is None else event | {"id": f"evt_{number:08}"}


def signature(body: bytes, key: str = KEY) -> str:
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()


def signed(event: Any, key: str = KEY) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a webhook."""
    body = event if isinstance(event, bytes) else orjson.dumps(event)
    headers = {"X-Webhook-Hmac": signature(body, key), "X-Webhook-Hmac-Algorithm": "sha512"}
    if isinstance(event, dict) and "id" in event:
        headers["X-Webhook-Request-Id"] = event["id"]
    return body, headers


class Script:
    """Answers a provider's calls by path, when they bring the key; the last answer of a path repeats."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.calls: list[HttpCall] = []

    def on(self, path: str, *answers: Answer) -> "Script":
        self.answers[path] = list(answers)
        return self

    def json(self, path: str, *bodies: Any, status: int = 200) -> "Script":
        return self.on(path, *(HttpReply(status, orjson.dumps(body)) for body in bodies))

    def run(self, operation: "Operation[R]", **_kwargs: Any) -> R:
        try:
            call = next(operation)
            while True:
                call = operation.send(self._answer(call))
        except StopIteration as finished:
            result: R = finished.value
            return result

    def _answer(self, call: HttpCall) -> Answer:
        if call.headers.get("X-Api-Key", API_KEY) != API_KEY:
            return HttpReply(401, b"{}")
        self.calls.append(call)
        path = call.url.split("://", 1)[1].partition("/")[2].partition("?")[0]
        known = self.answers.get(f"/{path}", [HttpReply(404, b"{}")])
        return known.pop(0) if len(known) > 1 else known[0]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Stands where the provider's server stands."""
    script = Script()
    monkeypatch.setattr(sync, "run", script.run)
    return script
