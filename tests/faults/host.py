"""Forks sender processes: Django is loaded once, so that the next sender stands a moment after the last was killed.

    python -m tests.faults.host

Reads one JSON object per line and answers each with one: ``{"start": {...}}`` gives ``{"pid": n}``; ``{"wait": pid}`` gives
``{"status": s}``, the exit code, minus the signal's number for who was killed, or null while it lives.
"""

import ctypes
import json
import os
import signal
import sys
import time
from typing import Any

import django
from django.conf import settings
from django.db import connections

django.setup()

from campaigns.sender import claims, drain, engine, settling  # noqa: E402  # models need Django to be set up
from core import crashpoints  # noqa: E402
from gateways import pacing  # noqa: E402
from gateways.providers.waha import adapter as waha  # noqa: E402
from sdr.services import turns  # noqa: E402
from tests.faults import roles  # noqa: E402

# A number of a phone never goes faster than this; the tests have seconds, not hours.
pacing.FLOOR_MS = 0
# Whoever is stopped within a transaction keeps its locks; the product lets that last a minute.
connections.settings["default"]["OPTIONS"]["options"] += " -c idle_in_transaction_session_timeout=5000"
PR_SET_PDEATHSIG = 1


ROLES = {"worker": roles.be_worker, "cron": roles.be_cron, "turn": roles.be_at_turn}


def be(options: dict[str, Any]) -> None:
    """Be what the options say, a sender where they say nothing; ``settings`` are those of the product that differ."""
    for name, value in options.get("settings", {}).items():
        setattr(settings, name, value)
    if place := options.get("crash_at"):
        os.environ["CRASH_AT"] = place
    if place := options.get("freeze_at"):
        freeze_at(place)
    if options.get("role") in ROLES:
        # These are never stopped within a transaction, and on a busy machine a worker may well think for seconds in one.
        connections.settings["default"]["OPTIONS"]["options"] += " -c idle_in_transaction_session_timeout=60000"
    ROLES.get(options.get("role", ""), send)(options)


def send(options: dict[str, Any]) -> None:
    """Be one sender. Leases are short and looks are frequent, so that a test sees the ones lapse and the others follow."""
    engine.TICK_SECONDS = 0.2
    claims.LEASE_SECONDS = options.get("claim_lease", 3.0)
    drain.CHANNEL_LEASE_SECONDS = options.get("channel_lease", 1.0)
    drain.KEEP_SECONDS = 0.25
    engine.LAST_SENDS_SECONDS = options.get("last_sends", engine.LAST_SENDS_SECONDS)
    waha.SEND_SECONDS = options.get("send_seconds", waha.SEND_SECONDS)
    waha.ASK_SECONDS = options.get("send_seconds", waha.ASK_SECONDS)
    settings.REDIS_URL = options.get("redis_url", settings.REDIS_URL)
    engine.run_sender(options.get("connections", 16))


def freeze_at(place: str) -> None:
    """Stop this process when it first comes to the crash point, as a host does that is out of memory or being moved."""
    reached = False

    def crashpoint(name: str) -> None:
        nonlocal reached
        if name == place and not reached:
            reached = True
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.05)  # the signal stops the process a moment after the call, in whatever thread

    for module in (claims, drain, settling, turns, crashpoints):
        module.crashpoint = crashpoint  # type: ignore[attr-defined]


def start(options: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        die_with_host()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # not closed: the event loop would get its number
        os.dup2(2, 1)
        be(options)
        code = 0
    except BaseException as error:  # the child must never go on as a host
        print(f"sender: {error!r}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def die_with_host() -> None:
    # Nothing of a test that was killed may go on sending.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def main() -> None:
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answer = {"pid": start(order["start"])} if "start" in order else {"status": wait(order["wait"])}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
