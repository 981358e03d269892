"""The web server as it really runs, for webhooks: two processes, each with its own committer, on a real socket."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from campaigns.bench import free_port, process_environment
from core.clock import now
from gateways.models import Channel
from tests.faults.senders import until
from tests.gateways.conftest import signed

ROOT = Path(__file__).resolve().parents[2]
Hook = tuple[Channel, dict[str, Any]]


@dataclass
class Web:
    url: str

    def post(self, hook: Hook) -> int:
        """Deliver one signed webhook; return the status of the answer."""
        channel, event = hook
        body, headers = signed(event)
        address = f"{self.url}/hooks/{channel.provider}/{channel.hook_token}/"
        headers |= {"Content-Type": "application/json"}
        return requests.post(address, data=body, headers=headers, timeout=30).status_code

    def post_all(self, hooks: Iterable[Hook], threads: int = 10) -> list[int]:
        """Deliver webhooks, several at the same time; return the statuses."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.post, hooks))

    def is_up(self) -> bool:
        try:
            return requests.get(f"{self.url}/hooks/waha/nobody/", timeout=5).status_code == 405
        except requests.ConnectionError:
            return False


@contextmanager
def web_process(redis_url: str) -> Iterator[Web]:
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--workers", "2",
        "--blocking-threads", "8", "--backpressure", "1024", "config.wsgi:application",
    ]  # fmt: skip
    environment = os.environ | process_environment() | {"REDIS_URL": redis_url, "PROSA_ALLOWED_HOSTS": "*"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    web = Web(f"http://127.0.0.1:{port}")
    try:
        until(lambda: web.is_up() or process.poll() is not None, "the web server answers")
        assert process.poll() is None
        yield web
    finally:
        process.terminate()
        process.wait(30)


def echo(hit: dict[str, Any]) -> dict[str, Any]:
    """Return the webhook in which the server tells of a message that its API sent."""
    payload = {
        "id": f"true_{hit['chatId']}_{hit['id']}", "timestamp": int(now().timestamp()), "from": "5511988880000@c.us",
        "to": hit["chatId"], "fromMe": True, "source": "api", "body": hit["text"], "hasMedia": False, "ack": 0,
    }  # fmt: skip
    return {"event": "message.any", "session": hit["session"], "payload": payload, "id": f"evt_echo_{hit['id']}"}


def ack(hit: dict[str, Any], level: int) -> dict[str, Any]:
    """Return the webhook in which the server tells how far a message came."""
    payload = {"id": f"true_{hit['chatId']}_{hit['id']}", "from": hit["chatId"], "fromMe": True, "ack": level}
    return {"event": "message.ack", "session": hit["session"], "payload": payload, "id": f"evt_{level}_{hit['id']}"}
