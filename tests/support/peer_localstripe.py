"""A second opinion on signed webhooks: localstripe signs them with code that is neither ours nor Stripe's.

    python3 -m venv /tmp/localstripe && /tmp/localstripe/bin/pip install localstripe
    python -m tests.support.peer_localstripe --python /tmp/localstripe/bin/python

localstripe (GPL) stays in an environment of its own and is only spoken to. Each of its deliveries has to be accepted by
what guards our webhook address, and refused as soon as a byte, the secret or the time is another. It knows no Checkout, so
it says nothing of payment pages.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import time_machine

from billing.providers.stripe.signature import BadHookError, read_event

SECRET = "whsec_" + "e5F6" * 8
KEY = "sk_test_12345"
SERVE = "from aiohttp import web; from localstripe.server import app; web.run_app(app, host='127.0.0.1', port={port})"
WANTED = {"customer.created", "payment_intent.succeeded"}
PATIENCE_SECONDS = 60.0

Delivery = tuple[bytes, str]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def ask(base: str, path: str, body: dict[str, Any], *, as_json: bool = False) -> dict[str, Any]:
    data = json.dumps(body).encode() if as_json else urllib.parse.urlencode(body).encode()
    kind = "application/json" if as_json else "application/x-www-form-urlencoded"
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": kind}
    request = urllib.request.Request(base + path, data, headers)  # our own loopback address
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    found: dict[str, Any] = json.loads(text) if text.startswith(b"{") else {}
    return found


@contextmanager
def localstripe(python: str) -> Iterator[str]:
    """Serve localstripe on loopback by the given interpreter; what it stores goes with its folder."""
    port, folder = free_port(), tempfile.mkdtemp(prefix="localstripe-")
    process = subprocess.Popen(
        [python, "-c", SERVE.format(port=port)], env=os.environ | {"TMPDIR": folder}, stdout=subprocess.DEVNULL
    )
    try:
        base, ends = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > ends:
                    raise SystemExit("localstripe does not start") from None
                time.sleep(0.2)
        yield base
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def receiver() -> Iterator[tuple[str, list[Delivery]]]:
    """Take webhooks in, word for word."""
    taken: list[Delivery] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            taken.append((body, self.headers.get("Stripe-Signature", "")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", taken
    finally:
        server.shutdown()
        thread.join()


def make_events(base: str) -> None:
    """Let customers be made and card payments come in."""
    for number in range(3):
        customer = ask(base, "/v1/customers", {"email": f"c{number}@example.com", "description": "São José, número"})
        card = {
            "type": "card",
            "card[number]": "4242424242424242",
            "card[exp_month]": 12,
            "card[exp_year]": 2040,
            "card[cvc]": "123",
        }
        method = ask(base, "/v1/payment_methods", card)
        ask(base, f"/v1/payment_methods/{method['id']}/attach", {"customer": customer["id"]})
        order = {
            "amount": 4990,
            "currency": "brl",
            "customer": customer["id"],
            "payment_method": method["id"],
            "confirm": "true",
        }
        ask(base, "/v1/payment_intents", order)


def wait_for(taken: list[Delivery]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        kinds = [json.loads(body).get("type") for body, _header in taken]
        if all(kinds.count(kind) >= 3 for kind in WANTED):
            return
        time.sleep(0.2)


def refuses(body: bytes, header: str, secret: str) -> bool:
    try:
        read_event(body, header, secret)
    except BadHookError:
        return True
    return False


def complaints(body: bytes, header: str) -> list[str]:
    """Name what our guard gets wrong about one delivery."""
    kind = json.loads(body).get("type")
    wrong = [] if not refuses(body, header, SECRET) else [f"{kind}: refused as it is"]
    half = len(body) // 2
    if not refuses(body[:half] + b" " + body[half:], header, SECRET):
        wrong.append(f"{kind}: accepted with another body")
    if not refuses(body, header, SECRET + "x"):
        wrong.append(f"{kind}: accepted with another secret")
    for seconds in (-400, 400):
        with time_machine.travel(time.time() + seconds, tick=True):
            if not refuses(body, header, SECRET):
                wrong.append(f"{kind}: accepted {seconds} s away")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="an interpreter that has localstripe")
    options = parser.parse_args()
    with localstripe(options.python) as base, receiver() as (address, taken):
        ask(base, "/_config/webhooks/prosa", {"url": address, "secret": SECRET, "events": None}, as_json=True)
        make_events(base)
        wait_for(taken)
    wrong = [line for body, header in taken for line in complaints(body, header)]
    kinds = sorted({str(json.loads(body).get("type")) for body, _header in taken})
    print(f"{len(taken)} signed deliveries ({', '.join(kinds)}), {len(wrong)} complaints")
    for line in wrong:
        print(f"  {line}")
    sys.exit(1 if wrong or not set(kinds) >= WANTED else 0)


if __name__ == "__main__":
    main()
