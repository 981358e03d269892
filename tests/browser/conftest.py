"""A real product on a port of its own, and a real Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from accounts.models import Membership

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def free_pair() -> int:
    """Return a port whose next one is free as well, below the range of outgoing connections."""
    for port in range(21000 + os.getpid() % 4000, 32000, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no free ports")


@pytest.fixture(scope="session", autouse=True)
def _beside_a_loop() -> Iterator[None]:
    """The browser's driver keeps an event loop in this thread, which Django takes for asynchronous code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(autouse=True)
def _patience() -> None:
    """A loaded machine answers late; what never comes fails all the same."""
    expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def product_data() -> Iterator[Path]:
    """Return the data folder of :func:`product`."""
    with tempfile.TemporaryDirectory(prefix="prosa-browser-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def product(product_data: Path) -> Iterator[str]:
    """Start the whole product on an empty data folder, as an owner does, and return its address."""
    port, data = free_pair(), str(product_data)
    env = {k: v for k, v in os.environ.items() if k not in {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"}}
    env |= {"PROSA_DATA": data, "PROSA_PORT": str(port), "PROSA_REDIS_PREFIX": "prosa"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port), "--data", data], cwd=ROOT, env=env,
        stdout=(Path(data) / "up.log").open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    address = f"http://localhost:{port}"
    try:
        _wait_for(f"{address}/health/ready", process, Path(data) / "up.log")
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text()[-3000:])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, product: str) -> Iterator[Page]:
    """A fresh browser window; what the console complains about fails the test."""
    context = browser.new_context(base_url=product, locale="pt-BR", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(20_000)
    yield page
    context.close()
    assert [line for line in complaints if "Content Security Policy" in line or "Error:" in line] == []


@pytest.fixture
def window(browser: Browser, live_server: Any, login: Any) -> Iterator[Callable[..., Page]]:
    """Return what opens a window of a person who is logged in, over the test's own database: for journeys whose work
    the test cranks by hand. Further values go to the browser's context."""
    contexts = []

    def open_for(who: Membership, path: str, width: int = 1440, **values: Any) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale="pt-BR", viewport={"width": width, "height": 844}, **values
        )
        contexts.append(context)
        cookie = login(who).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(path)
        return page

    yield open_for
    for context in contexts:
        context.close()
