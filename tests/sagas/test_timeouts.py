"""No step keeps its driver longer than it may."""

import signal
import threading
import time
from typing import Any

import pytest
from django.db import connection

from accounts.models import Organization
from core.tenancy import activate_organization
from sagas.deadlines import OverrunError, run_within
from sagas.definition import SagaStep, StepCall
from sagas.models import SagaState, SagaStepRecord, StepState
from sagas.orchestrator import SagaOrchestrator
from tests.support.sagas import World

LONG = 60.0


def test_the_driver_gets_control_back_from_a_blocked_call() -> None:
    began = time.monotonic()
    with pytest.raises(OverrunError):
        run_within(0.05, lambda: time.sleep(LONG))
    assert time.monotonic() - began < LONG / 2


def test_also_outside_of_the_main_thread() -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            run_within(0.05, release.wait)
        except OverrunError as error:
            raised.append(error)

    release = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LONG)
    release.set()
    assert len(raised) == 1


def test_a_failure_in_a_thread_is_the_failure_of_the_call() -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            run_within(LONG, lambda: 1 // 0)
        except ZeroDivisionError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LONG)
    assert len(raised) == 1


def test_a_timer_that_was_running_goes_on() -> None:
    rang: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        assert run_within(LONG, lambda: 7) == 7
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.2
        ends = time.monotonic() + LONG
        while not rang and time.monotonic() < ends:
            time.sleep(0.02)
        assert rang == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_step_that_swallows_the_first_interruption_gets_another() -> None:
    def stubborn() -> None:
        try:
            time.sleep(LONG)
        except BaseException:
            time.sleep(LONG)

    began = time.monotonic()
    with pytest.raises(OverrunError):
        run_within(0.05, stubborn)
    assert time.monotonic() - began < LONG / 2


@pytest.mark.django_db
def test_an_overrun_is_unknown_and_tried_again_with_the_same_key(
    engine: SagaOrchestrator, world: World, in_acme: Organization
) -> None:
    keys: list[str] = []

    def slow_once(call: StepCall) -> dict[str, Any]:
        keys.append(call.idempotency_key)
        if len(keys) == 1:
            time.sleep(LONG)
        return {}

    engine.define_saga("order", [SagaStep("pay", slow_once, world.compensation("pay"), timeout=0.1, retry_count=1)])
    assert engine.execute("order", "o:1", {}).state == SagaState.SUCCEEDED
    assert keys == ["o:1:pay"] * 2
    assert world.calls == []


@pytest.mark.django_db
def test_a_step_that_always_overruns_is_undone(engine: SagaOrchestrator, world: World, in_acme: Organization) -> None:
    step = SagaStep("pay", lambda call: time.sleep(LONG), world.compensation("pay"), timeout=0.05, retry_count=1)
    engine.define_saga("order", [step])
    failed = engine.execute("order", "o:1", {})
    assert world.calls == ["pay:undo"]
    assert (failed.state, failed.error) == (SagaState.FAILED, "no answer in time")
    assert SagaStepRecord.objects.get(kind="do").state == StepState.UNKNOWN


@pytest.mark.django_db
def test_a_slow_compensation_is_ended_too(engine: SagaOrchestrator, world: World, in_acme: Organization) -> None:
    step = SagaStep("pay", world.action("pay"), lambda call: time.sleep(LONG), timeout=0.1, retry_count=0)
    engine.define_saga("order", [step, world.step("ship")])
    world.fail("ship", RuntimeError("no"))
    assert engine.execute("order", "o:1", {}).needs_attention


@pytest.mark.django_db
def test_a_step_is_told_how_long_it_has(engine: SagaOrchestrator, in_acme: Organization) -> None:
    left: list[float] = []
    engine.define_saga("order", [SagaStep("pay", lambda call: left.append(call.seconds_left()), timeout=7)])
    engine.execute("order", "o:1", {})
    assert 0 < left[0] <= 7
    late = StepCall("o:1", "pay", 1, "k", {}, {}, {}, time.monotonic() - 5, "org")
    assert late.seconds_left() == 0.01


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_query_costs_only_its_own_connection(engine: SagaOrchestrator, acme: Organization) -> None:
    calls: list[int] = []

    def asleep_in_the_database(call: StepCall) -> None:
        calls.append(1)
        if len(calls) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(30)")

    engine.define_saga("order", [SagaStep("pay", asleep_in_the_database, timeout=0.2, retry_count=1)])
    with activate_organization(acme.pk):
        assert engine.execute("order", "o:1", {}).state == SagaState.SUCCEEDED
    assert len(calls) == 2


@pytest.mark.django_db(transaction=True)
def test_a_saga_runs_in_a_thread_of_the_web_server_too(engine: SagaOrchestrator, acme: Organization) -> None:
    seen: list[tuple[str, bool]] = []

    def act(call: StepCall) -> None:
        seen.append((threading.current_thread().name, Organization.objects.filter(pk=acme.pk).exists()))

    engine.define_saga("order", [SagaStep("pay", act, timeout=LONG)])

    def request() -> None:
        with activate_organization(acme.pk):
            engine.execute("order", "o:1", {})
        connection.close()

    thread = threading.Thread(target=request)
    thread.start()
    thread.join(LONG)
    assert seen == [("saga-step", True)]
