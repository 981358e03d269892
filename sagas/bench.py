"""How many sagas of three steps that do nothing one process carries from start to end, interleaved in one run.

The limit is a bare loop on the same connection: one row written and updated three times, each a commit of its own. The
peer is dbos in a process of its own on the same server; its three steps are journaled as ours are.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

from django.conf import settings
from django.db import connection

from core.database import database_url
from core.ids import uuid7
from core.tenancy import activate_organization
from sagas.definition import SagaStep, StepCall
from sagas.journal import forget
from sagas.models import SagaExecution, SagaState, SagaStepRecord
from sagas.orchestrator import SagaOrchestrator

# Many short rounds, so that a busy moment of the machine meets all alike.
ROUNDS: Final = 12
STEPS: Final = ("one", "two", "three")
# The peer is slower: it gets as many as take about the same time.
PEER_SHARE: Final = 0.2
GOALS: Final = {"to_limit": 0.55, "to_peer": 5.0}
TABLE: Final = "prosa_bench_saga"
Way = Callable[[int], None]


def run(size: int = 2_400) -> dict[str, Any]:
    """Measure medians over rounds that make ``size`` sagas together, in sagas per second."""
    with _bare_table(), _peer() as peer:
        ways: dict[str, Way] = {"sagas": _sagas, "bare": _bare}
        rounds = [_round(ways, peer, max(1, size // ROUNDS)) for _ in range(ROUNDS)]
    return _report(size, rounds)


def _round(ways: dict[str, Way], peer: Callable[[int], float] | None, size: int) -> dict[str, float]:
    figures = {name: size / _seconds(way, size) for name, way in ways.items()}
    if peer:
        count = max(1, int(size * PEER_SHARE))
        figures["peer"] = count / peer(count)
    return figures


def _seconds(way: Way, size: int) -> float:
    started = time.perf_counter()
    way(size)
    return time.perf_counter() - started


def _report(size: int, rounds: list[dict[str, float]]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        f"{name}_per_second": round(statistics.median(one[name] for one in rounds), 1) for name in rounds[0]
    }
    ratios = {"to_limit": round(statistics.median(one["sagas"] / one["bare"] for one in rounds), 3)}
    if "peer" in rounds[0]:
        ratios["to_peer"] = round(statistics.median(one["sagas"] / one["peer"] for one in rounds), 2)
    figures |= {"size": size, "rounds": len(rounds), "absent": [] if "peer" in rounds[0] else ["dbos"]}
    met = all(ratios.get(name, 0) >= goal for name, goal in GOALS.items())
    return {"figures": figures, "ratios": ratios, "goals": GOALS, "met": met}


# ---- The ways -------------------------------------------------------------------------------------------------------


def _nothing(call: StepCall) -> dict[str, int]:
    return {"n": call.context["n"]}


def _sagas(size: int) -> None:
    """Run the product's own sagas to their end, and see that they got there."""
    engine, organization = SagaOrchestrator(), uuid7()
    engine.define_saga("bench", [SagaStep(name, _nothing) for name in STEPS])
    try:
        with activate_organization(organization):
            for number in range(size):
                engine.execute("bench", f"bench:{number}", {"n": number})
            done = SagaExecution.objects.filter(state=SagaState.SUCCEEDED).count()
            records = SagaStepRecord.objects.count()
        if (done, records) != (size, size * len(STEPS)):
            raise RuntimeError(f"{done} sagas of {records} steps came to their end, not {size}")
    finally:
        forget(organization)


def _bare(size: int) -> None:
    with connection.cursor() as cursor:
        for _number in range(size):
            one = uuid7()
            cursor.execute(f"INSERT INTO {TABLE} (id, step) VALUES (%s, 0)", [one])
            for step in range(len(STEPS)):
                cursor.execute(
                    f"UPDATE {TABLE} SET step = %s, result = %s, at = now() WHERE id = %s AND step = %s",
                    [step + 1, '{"n": 1}', one, step],
                )


@contextmanager
def _bare_table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(
            f"CREATE TABLE {TABLE} (id uuid PRIMARY KEY, step int, result jsonb, at timestamptz) WITH (fillfactor = 70)"
        )
        try:
            yield
        finally:
            cursor.execute(f"DROP TABLE {TABLE}")


@contextmanager
def _peer() -> Iterator[Callable[[int], float] | None]:
    """Give a function that lets the peer run so many workflows and tells how many seconds they took."""
    if not find_spec("dbos"):
        yield None
        return
    command = [sys.executable, "-m", "tests.support.peer_dbos", "--database-url", database_url()]
    with subprocess.Popen(  # noqa: S603
        command, cwd=settings.BASE_DIR, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:

        def take(count: int) -> float:
            if not process.stdin or not process.stdout:
                raise RuntimeError("the peer has no pipes")
            process.stdin.write(f"{count}\n")
            process.stdin.flush()
            return float(json.loads(process.stdout.readline())["seconds"])

        take(5)
        try:
            yield take
        finally:
            process.communicate(timeout=60)
