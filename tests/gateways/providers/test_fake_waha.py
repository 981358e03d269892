"""The WAHA adapter and both drivers against the fake gateway: what we believe is what its history says."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import aiohttp
import pytest
import requests

from core.addresses import guarded_socket
from gateways.calls import HttpCall, HttpReply
from gateways.contract import DeliveryUpdate, InboundMessage, Outcome, OutgoingMessage, RawHook
from gateways.providers.waha.adapter import WahaAdapter
from gateways.providers.waha.config import WahaConfig
from gateways.transport import aio, sync
from tests.support.fake_waha import Running, fake_waha

ADAPTER = WahaAdapter()
KEY = "gateway-key-1"
HMAC = "hook-secret-1"


@pytest.fixture(autouse=True)
def _local_gateways(settings: Any) -> None:
    settings.ALLOW_PRIVATE_HOSTS = True


def _no_simulator(call: HttpCall) -> HttpReply:
    raise AssertionError(call)


def _config(fake: Running, **more: str) -> WahaConfig:
    return WahaConfig(base_url=fake.url, api_key=KEY, **more)


def _run(operation: Any) -> Any:
    return sync.run(operation, simulator=_no_simulator)


def _send_many(config: WahaConfig, count: int) -> list[Any]:
    async def one(session: aiohttp.ClientSession, number: int) -> Any:
        message = OutgoingMessage(f"+5511{900000000 + number}", "Olá", f"5511{900000000 + number}@c.us")
        return await aio.arun(ADAPTER.send(config, message), session, simulator=_no_simulator)

    async def go() -> list[Any]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=guarded_socket)) as session:
            return list(await asyncio.gather(*(one(session, number) for number in range(count))))

    return asyncio.run(go())


@contextmanager
def _inbox() -> Iterator[tuple[str, list[RawHook]]]:
    """Receive webhooks on a real socket."""
    got: list[RawHook] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(RawHook({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks/waha/t/", got
        server.shutdown()
        thread.join()


def _wait(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + 10
    while not condition():
        assert monotonic() < deadline, "it did not happen"
        sleep(0.01)


def test_what_we_believe_sent_is_what_the_gateway_accepted(tmp_path: Path) -> None:
    faults = {"p429": 0.1, "p503": 0.1, "p400": 0.1, "cut": 0.1, "reset": 0.1, "lost": 0.1, "no_id": 0.1}
    with fake_waha(tmp_path / "h", key=KEY, seed=5, **faults) as fake:
        results = _send_many(_config(fake), 300)
        accepted = {line["id"]: line["fate"] for line in fake.accepted()}
    outcomes = Counter(result.outcome for result in results)
    sent = {result.external_id for result in results if result.outcome is Outcome.SENT}
    fates = Counter(accepted.values())
    assert sent == {identifier for identifier, fate in accepted.items() if fate == "ok"}
    assert len(results) == 300
    # Whatever was accepted without our knowing is in doubt, never refused and never given back.
    assert (
        outcomes[Outcome.UNKNOWN] == sum(fates[f] for f in ("cut", "reset", "lost", "no_id")) + fake.fake.counts["503"]
    )
    assert outcomes[Outcome.LATER] == fake.fake.counts["429"] > 0
    assert outcomes[Outcome.REFUSED] == fake.fake.counts["400"] > 0
    assert all(fates[fate] > 0 for fate in ("ok", "cut", "reset", "lost", "no_id"))


def test_an_unready_session_fails_no_message(tmp_path: Path) -> None:
    with fake_waha(tmp_path / "h", key=KEY, p422=0.5, p404=0.5) as fake:
        assert {result.outcome for result in _send_many(_config(fake), 20)} == {Outcome.CHANNEL_DOWN}
        assert fake.accepted() == []


def test_a_wrong_key_fails_no_message(tmp_path: Path) -> None:
    with fake_waha(tmp_path / "h", key=KEY) as fake:
        config = _config(fake).model_copy(update={"api_key": "other-key-2"})
        result = _run(ADAPTER.send(config, OutgoingMessage("+5531988887777", "Olá")))
    assert (result.outcome, result.code) == (Outcome.CHANNEL_DOWN, "unauthorised")


def test_a_first_message_goes_to_the_chat_that_the_gateway_names(tmp_path: Path) -> None:
    with fake_waha(tmp_path / "h", key=KEY) as fake:
        result = _run(ADAPTER.send(_config(fake), OutgoingMessage("+5531988887777", "Olá, Ção")))
        assert result.outcome is Outcome.SENT
        assert [(line["chatId"], line["text"]) for line in fake.accepted()] == [("553188887777@c.us", "Olá, Ção")]


def test_the_default_session_is_taken_over_and_watched(tmp_path: Path) -> None:
    with fake_waha(tmp_path / "h", key=KEY, sessions=()) as fake, _inbox() as (url, _got):
        config = _config(fake, hmac_key=HMAC)
        assert _run(ADAPTER.health(config)).state == "disconnected"
        report = _run(ADAPTER.connect(config, url))
        assert (report.state, report.phone, report.warning) == ("connected", "+5511988880000", "")
        assert fake.fake.sessions["default"].config["webhooks"][0]["url"] == url
        assert _run(ADAPTER.disconnect(config)).state == "disconnected"
        assert _run(ADAPTER.health(config)).reason == "STOPPED"


def test_a_gateway_that_ignores_keys_is_reported(tmp_path: Path) -> None:
    with fake_waha(tmp_path / "h") as fake:
        assert _run(ADAPTER.health(_config(fake))).warning == "key_ignored"


def test_signed_acks_echo_and_answers_come_back(tmp_path: Path) -> None:
    with fake_waha(tmp_path / "h", key=KEY, acks=True, ack_seconds=0.01) as fake, _inbox() as (url, got):
        config = _config(fake, hmac_key=HMAC)
        _run(ADAPTER.connect(config, url))
        result = _run(ADAPTER.send(config, OutgoingMessage("+5511988887777", "Olá", "5511988887777@c.us")))
        requests.post(f"{fake.url}/_inbound", json={"chatId": "5511988887777@c.us", "text": "Quanto custa?"}, timeout=5)
        _wait(lambda: sum(b"message" in hook.body for hook in got) >= 5)
    assert all(ADAPTER.verify_hook(config, hook) for hook in got)
    assert len({ADAPTER.dedupe_key(hook) for hook in got}) == len(got)
    items = [item for hook in got for item in ADAPTER.parse(config, hook.body)]
    updates = [item for item in items if isinstance(item, DeliveryUpdate)]
    assert [(item.external_id, item.state) for item in updates] == [
        (result.external_id, state) for state in ("sent", "delivered", "read")
    ]
    messages = [item for item in items if isinstance(item, InboundMessage)]
    echo = next(item for item in messages if item.from_me)
    assert (echo.external_id, echo.from_api) == (result.external_id, True)
    assert [item.text for item in messages if not item.from_me] == ["Quanto custa?"]


def test_the_gateway_is_told_to_misbehave_while_it_runs(tmp_path: Path) -> None:
    with fake_waha(tmp_path / "h", key=KEY) as fake:
        requests.post(f"{fake.url}/_faults", json={"p429": 1, "retry_after": 30, "retry_date": True}, timeout=5)
        (result,) = _send_many(_config(fake), 1)
    assert result.outcome is Outcome.LATER
    assert result.retry_after_seconds is not None and 25 <= result.retry_after_seconds <= 30


def test_the_history_is_lines_of_json(tmp_path: Path) -> None:
    with fake_waha(tmp_path / "h", key=KEY) as fake:
        _send_many(_config(fake), 3)
    lines = [json.loads(line) for line in (tmp_path / "h").read_text().splitlines()]
    assert sorted(line["n"] for line in lines) == [1, 2, 3]
