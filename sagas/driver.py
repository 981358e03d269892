"""The loop that carries one saga on, step by step, until it ends or has to wait.

Every change is one commit of :mod:`sagas.journal`; a process may die between any two lines here, and the next driver
finds in the rows where to go on. The commit that ends a step is also the one that says the next one begins.
"""

import time
from datetime import datetime, timedelta

from django.db import transaction

from core.clock import now
from core.crashpoints import crashpoint
from core.live import signal_all
from sagas import journal
from sagas.attempts import Attempt, Ending, attempt
from sagas.definition import JSON, SagaDefinition
from sagas.errors import SagaDefinitionChangedError
from sagas.events import SagaEnded, SagaFailed, SagaStuck, SagaSucceeded
from sagas.journal import StepOutcome
from sagas.models import SagaExecution, SagaState, SagaStepRecord, StepKind, StepState
from sagas.outbox import has_subscribers, publish
from sagas.retries import delay_after
from sagas.run import Run, lease_for
from sagas.transitions import note

# So many drivers may die at one step, one after the other, before it counts as a step that cannot be done.
MAX_INTERRUPTIONS = 5
SIGNAL_SECONDS = 0.25
UNDO_REQUESTED = "undo requested"


def resume(execution: SagaExecution, definition: SagaDefinition, *, waits: bool, budget: float = float("inf")) -> Run:
    """Return the run of a claimed saga with what its journal says so far.

    Raises :class:`SagaDefinitionChangedError`, having parked the saga for people, when its steps are not today's.
    """
    if execution.step_names != definition.step_names:
        park(execution, "definition changed")
        raise SagaDefinitionChangedError(
            f"Saga {execution.saga_id!r} was started with the steps {execution.step_names}, "
            f"but {definition.name!r} has {definition.step_names} now."
        )
    run = Run(execution, definition, waits=waits, ends_at=time.monotonic() + budget)
    records: list[SagaStepRecord] = list(execution.records.filter(round=execution.round).order_by("position"))
    for record in records:
        outcomes = run.done if record.kind == StepKind.DO else run.undone
        if record.state != StepState.RETRYING:
            outcomes[record.position] = StepState(record.state)
        if record.kind == StepKind.DO and record.state == StepState.DONE:
            run.results[record.name] = record.result
    return run


def park(execution: SagaExecution, reason: str) -> None:
    """Leave a claimed saga to people: nothing wakes it until somebody tries again."""
    execution.needs_attention, execution.stuck_at, execution.error = True, now(), reason
    execution.wake_at = None
    journal.commit(execution, lease_seconds=None)
    note(execution, "needs attention", step="")


def drive(run: Run) -> SagaExecution:
    """Carry the saga on to its end, or to a wait. Raises :class:`LeaseLostError` when another driver has it."""
    if run.execution.undo_requested and run.execution.state != SagaState.COMPENSATING:
        _turn_back(run, UNDO_REQUESTED)
    while run.is_held:
        if time.monotonic() > run.ends_at:
            _commit(run, None, held=False)
        elif run.execution.state == SagaState.COMPENSATING:
            _undo_next(run)
        else:
            _do_next(run)
    return run.execution


# ---- Forward


def _do_next(run: Run) -> None:
    execution = run.execution
    if execution.interruptions > MAX_INTERRUPTIONS:
        _step_failed(run, Attempt(Ending.REFUSED, error="interrupted too often", may_have_happened=True))
        return
    crashpoint("saga.acting")
    ended = attempt(run.step.action, run.call(StepKind.DO))
    crashpoint("saga.acted")
    if ended.ending is Ending.DONE:
        _step_done(run, ended.result)
    elif ended.ending is Ending.LATER:
        _wait(run, ended)
    elif ended.ending is Ending.FAILED and execution.attempt < run.step.retry_count:
        _retry(run, ended, StepKind.DO)
    else:
        _step_failed(run, ended)


def _step_done(run: Run, result: JSON) -> None:
    execution, step = run.execution, run.step
    outcome = run.outcome(StepKind.DO, StepState.DONE, result=result)
    run.done[execution.position] = StepState.DONE
    run.results[step.name] = result
    execution.steps_completed = [*execution.steps_completed, step.name]
    following = run.next_to_do()
    _begin(run, following)
    if following is None:
        _end(run, SagaState.SUCCEEDED, outcome)
    elif _commit(run, outcome):
        _turn_back(run, UNDO_REQUESTED)


def _step_failed(run: Run, ended: Attempt) -> None:
    execution = run.execution
    may_stand = (execution.is_doubtful or ended.may_have_happened) and not ended.nothing_stands
    state = StepState.UNKNOWN if may_stand else StepState.FAILED
    outcome = run.outcome(StepKind.DO, state, error=ended.error)
    run.done[execution.position] = state
    execution.failed_step = run.step.name
    _turn_back(run, ended.error, outcome)


def _turn_back(run: Run, error: str, outcome: StepOutcome | None = None) -> None:
    """Commit the decision to undo; from here on nothing is done forward."""
    execution = run.execution
    if outcome is None and execution.is_doubtful:
        outcome = run.outcome(StepKind.DO, StepState.UNKNOWN, error=error)
        run.done[execution.position] = StepState.UNKNOWN
    execution.state, execution.error, execution.wait_reason = SagaState.COMPENSATING, error, ""
    execution.wake_at = min(execution.wake_at or now(), now())
    following = run.next_to_undo()
    _begin(run, following)
    if following is None:
        _end(run, SagaState.FAILED, outcome)
    else:
        _commit(run, outcome)


# ---- Backward


def _undo_next(run: Run) -> None:
    position = run.next_to_undo()
    if position is None:
        _end_undoing(run, None)
        return
    execution, step = run.execution, run.definition.steps[position]
    execution.position = position
    if step.compensation is None:
        _step_undone(run, StepState.SKIPPED)
    elif execution.interruptions > MAX_INTERRUPTIONS:
        _step_undone(run, StepState.STUCK, "interrupted too often")
    else:
        crashpoint("saga.undoing")
        ended = attempt(step.compensation, run.call(StepKind.UNDO))  # type: ignore[arg-type]  # its answer is ignored
        crashpoint("saga.undone")
        _settle_undo(run, ended)


def _settle_undo(run: Run, ended: Attempt) -> None:
    if ended.ending is Ending.DONE:
        _step_undone(run, StepState.DONE)
    elif ended.ending is Ending.LATER:
        _wait(run, ended)
    elif ended.ending is Ending.FAILED and run.execution.attempt < run.step.retry_count:
        _retry(run, ended, StepKind.UNDO)
    else:
        _step_undone(run, StepState.STUCK, ended.error)


def _step_undone(run: Run, state: StepState, error: str = "") -> None:
    """Note the end of a compensation. A stuck one does not hold up the others: they do not depend on it."""
    execution = run.execution
    outcome = run.outcome(StepKind.UNDO, state, error=error)
    run.undone[execution.position] = state
    if state is StepState.STUCK and not execution.needs_attention:
        execution.needs_attention, execution.stuck_at = True, now()
    following = run.next_to_undo()
    _begin(run, following)
    if following is None:
        _end_undoing(run, outcome)
    else:
        _commit(run, outcome)


def _end_undoing(run: Run, outcome: StepOutcome | None) -> None:
    if StepState.STUCK in run.undone.values():
        run.execution.wake_at = None
        _commit(run, outcome, held=False, event=True)
    else:
        run.execution.compensation_performed = StepState.DONE in run.undone.values()
        _end(run, SagaState.FAILED, outcome)


# ---- Both ways


def _begin(run: Run, position: int | None) -> None:
    execution = run.execution
    execution.position = execution.position if position is None else position
    execution.attempt, execution.is_doubtful, execution.interruptions = 0, False, 0
    execution.step_started_at, execution.wait_reason = now(), ""


def _retry(run: Run, ended: Attempt, kind: StepKind) -> None:
    execution = run.execution
    outcome = run.outcome(kind, StepState.RETRYING, error=ended.error)
    execution.attempt += 1
    execution.is_doubtful = execution.is_doubtful or ended.may_have_happened
    execution.error, execution.wait_reason = ended.error, ""
    _pause(run, now() + timedelta(seconds=delay_after(execution.attempt)), outcome, sleeps=run.waits)


def _wait(run: Run, ended: Attempt) -> None:
    run.execution.wait_reason = ended.error
    run.execution.is_doubtful = run.execution.is_doubtful or ended.may_have_happened
    _pause(run, ended.until or now(), None, sleeps=False)


def _pause(run: Run, until: datetime, outcome: StepOutcome | None, *, sleeps: bool) -> None:
    run.execution.wake_at = until
    seconds = (until - now()).total_seconds()
    undo_asked = _commit(run, outcome, held=sleeps, extra_lease=max(0.0, seconds))
    if undo_asked and run.execution.state != SagaState.COMPENSATING:
        _turn_back(run, UNDO_REQUESTED) if sleeps else _ask_again(run)
    elif sleeps:
        time.sleep(max(0.0, seconds))


def _ask_again(run: Run) -> None:
    # Somebody asked for the undo while a step ran, and the commit that gave the saga back has overwritten its moment.
    journal.ask_undo(run.execution, now())


def _end(run: Run, state: SagaState, outcome: StepOutcome | None) -> None:
    execution = run.execution
    execution.state, execution.completed_at, execution.wake_at = state, now(), None
    execution.needs_attention, execution.stuck_at = False, None
    if state is SagaState.SUCCEEDED:
        execution.error, execution.failed_step = "", ""
    crashpoint("saga.ending")
    undo_asked = _commit(run, outcome, held=False, event=True)
    crashpoint("saga.ended")
    if undo_asked and state is SagaState.SUCCEEDED:
        _ask_again(run)


def _commit(
    run: Run, outcome: StepOutcome | None, *, held: bool = True, extra_lease: float = 0.0, event: bool = False
) -> bool:
    """Write everything; the event of an ending goes into the same transaction when somebody listens."""
    execution = run.execution
    lease = lease_for(run.step) + extra_lease if held else None
    crashpoint("saga.committing")
    happened = _event_of(execution) if event else None
    if happened is not None and has_subscribers(type(happened)):
        with transaction.atomic():
            undo_asked = journal.commit(execution, outcome, lease_seconds=lease)
            publish(happened)
    else:
        undo_asked = journal.commit(execution, outcome, lease_seconds=lease)
    crashpoint("saga.committed")
    run.is_held = held
    note(execution, _transition(execution, outcome), step=outcome.name if outcome else run.step.name, outcome=outcome)
    _tell_pages(run)
    return undo_asked


def _event_of(execution: SagaExecution) -> SagaEnded:
    kinds = {SagaState.SUCCEEDED: SagaSucceeded, SagaState.FAILED: SagaFailed}
    kind = kinds.get(SagaState(execution.state), SagaStuck)
    return kind(str(execution.organization_id), execution.saga_id, execution.definition)


def _transition(execution: SagaExecution, outcome: StepOutcome | None) -> str:
    if execution.is_finished:
        return f"saga {execution.state}"
    if outcome is None:
        return "saga waits" if execution.wait_reason else f"saga {execution.state}"
    return f"{'undo' if outcome.kind is StepKind.UNDO else 'step'} {outcome.state}"


def _tell_pages(run: Run) -> None:
    # Pages need not see every step of a saga that takes a moment; they see each wait, each slow step, and the end.
    at = time.monotonic()
    if run.is_held and at - run.signalled_at < SIGNAL_SECONDS:
        return
    run.signalled_at = at
    pk = str(run.execution.pk)
    signal_all(run.execution.organization_id, {"sagas": {"id": pk}, f"saga:{pk}": {}})
