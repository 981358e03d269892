"""The page of the SDR's settings, asked for ten times at the same moment, beside a page that asks the database nothing.

A server of the product's own kind, two processes as in :mod:`config.management.commands.up`, answers over HTTP; the business
has a full page of services, answers and qualifications. Every answer counts, and the slowest is the figure.
"""

import http.client
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.core.management import call_command
from django.utils.module_loading import import_string

from accounts.models import Membership, Role, User
from accounts.services.organizations import create_organization
from core.tenancy import activate_organization
from leads.models import Contact
from sdr.models import Qualification
from sdr.services.profiles import get_profile, update_profile

AT_ONCE: Final = 10
ROUNDS: Final = 30
GOALS: Final = {"slowest_seconds": 2.0, "not_answered": 0}
PAGE, PLAIN = "/sdr/", "/health/live"
BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
PATIENCE_SECONDS: Final = 60.0


def run(size: int = ROUNDS) -> dict[str, Any]:
    """Measure ``size`` rounds of ten simultaneous requests, in seconds."""
    call_command("collectstatic", interactive=False, verbosity=0)  # pages name their files by what is in them
    cookies = [_log_in(user) for user in _people()]
    with _server() as port:
        _round(port, PAGE, cookies)  # the first one loads templates and opens connections
        page = [answer for _ in range(size) for answer in _round(port, PAGE, cookies)]
        plain = [answer for _ in range(size) for answer in _round(port, PLAIN, cookies)]
    figures = {**_figures(page), "requests": len(page), "plain_page": _figures(plain)}
    met = figures["slowest_seconds"] < GOALS["slowest_seconds"] and figures["not_answered"] == 0
    return {"goals": GOALS, "at_once": AT_ONCE, **figures, "met": met}


def _figures(answers: list[tuple[int, float]]) -> dict[str, Any]:
    seconds = sorted(took for _status, took in answers)
    return {
        "slowest_seconds": round(seconds[-1], 3), "p95_seconds": round(seconds[int(len(seconds) * 0.95) - 1], 3),
        "median_seconds": round(statistics.median(seconds), 3), "not_answered": sum(status != 200 for status, _took in answers),
    }  # fmt: skip


def _people() -> list[User]:
    """Make a business whose page is full, with its owner, administrators, agents and viewers."""
    users = [
        User.objects.create_user(f"bench-{number}@example.com", None, name=f"P {number}") for number in range(AT_ONCE)
    ]
    owner = create_organization("Bench", owner=users[0])
    with activate_organization(owner.organization_id):
        for number, user in enumerate(users[1:]):
            Membership.objects.create(user=user, role=(Role.ADMIN, Role.AGENT, Role.VIEWER)[number % 3])
        update_profile(get_profile(), {
            "services": [{"name": f"Serviço {number}", "price_cents": number * 1000} for number in range(60)],
            "faq": [{"question": f"Pergunta {number}?", "answer": "Sim. " * 40} for number in range(60)],
            "area": [f"Bairro {number}" for number in range(60)],
        })  # fmt: skip
        for number in range(2000):
            contact = Contact.objects.create(name=f"Lead {number}", phone=f"+5519{990000000 + number}")
            Qualification.objects.create(contact=contact, score=number % 131, temperature="morno")
    return users


def _log_in(user: User) -> str:
    session: SessionBase = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def _round(port: int, path: str, cookies: list[str]) -> list[tuple[int, float]]:
    """Ask ten times at the same moment, each over a connection of its own; return (status, seconds)."""
    ready = Barrier(len(cookies))

    def ask(cookie: str) -> tuple[int, float]:
        ready.wait()
        started = time.perf_counter()
        try:
            return _get(port, path, cookie), time.perf_counter() - started
        except OSError:
            return 0, time.perf_counter() - started

    with ThreadPoolExecutor(len(cookies)) as pool:
        return list(pool.map(ask, cookies))


def _get(port: int, path: str, cookie: str) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@contextmanager
def _server() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603  # our own modules
        [*command, "--workers", "2", "--blocking-threads", "8", "config.wsgi:application"],
        cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        try:
            if _get(port, PLAIN, "") == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not start")
