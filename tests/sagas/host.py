"""Forks processes that drive sagas: Django is loaded once, so that the next driver stands a moment after a death.

    python -m tests.sagas.host

``SAGA_HOST_SETTINGS`` is a JSON object of settings to be changed first, e.g. where the fakes of a test listen.
Reads one JSON object per line and answers each with one: ``{"start": {...}}`` gives ``{"pid": n}``; ``{"wait": pid}``
waits for its end and gives ``{"status": s}``, the exit code, minus the signal's number for who was killed.
"""

import json
import os
import signal
import sys
from typing import Any

import django
from django.conf import settings

django.setup()
for _name, _value in json.loads(os.environ.get("SAGA_HOST_SETTINGS", "{}")).items():
    setattr(settings, _name, _value)

from core import crashpoints, jobs  # noqa: E402  # models need Django to be set up
from core.tenancy import activate_organization  # noqa: E402
from sagas import driver, orchestrator  # noqa: E402
from tests.faults.host import die_with_host  # noqa: E402
from tests.sagas import journeys  # noqa: E402

DRIVERS = (driver, orchestrator, crashpoints)


def be(options: dict[str, Any]) -> None:
    """Be one driver: of one saga, or of whatever waits in the queue."""
    if place := options.get("crash_at"):
        os.environ["CRASH_AT"] = place
    if place := options.get("freeze_at"):
        freeze_at(place)
    if options.get("work"):
        jobs.work(["default", "urgent"], burst=True)
        return
    with activate_organization(options["organization_id"]):
        engine = orchestrator.orchestrator
        if options.get("undo"):
            engine.compensate(options["saga_id"])
        else:
            engine.execute(options.get("saga", journeys.journey.name), options["saga_id"], options["context"])


def freeze_at(place: str) -> None:
    """Stop this process when it first comes to the crash point, as a host does that is being moved."""
    reached = []

    def crashpoint(name: str) -> None:
        if name == place and not reached:
            reached.append(name)
            os.kill(os.getpid(), signal.SIGSTOP)

    for module in DRIVERS:
        module.crashpoint = crashpoint  # type: ignore[attr-defined]


def start(options: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        die_with_host()
        os.close(0)
        os.dup2(2, 1)
        be(options)
        code = 0
    except BaseException as error:  # the child must never go on as a host
        print(f"driver: {error!r}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answer = {"pid": start(order["start"])} if "start" in order else {"status": wait(order["wait"])}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
