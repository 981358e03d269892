"""The only writer of saga rows. Each change of a running saga is one guarded statement, committed by itself.

The guard is the lease: a driver's statement finds its row only while the row's ``fence`` is the one that driver was
given and its lease has not lapsed by the database's clock. A driver that slept through its lease writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import connection, transaction

from core.ids import uuid7
from sagas.errors import LeaseLostError
from sagas.models import SagaExecution, SagaState, SagaStepRecord, StepKind, StepState

_COLUMNS = ", ".join(f'"{field.column}"' for field in SagaExecution._meta.concrete_fields)
_FIELDS = [field.attname for field in SagaExecution._meta.concrete_fields]
_JSON_FIELDS = {"step_names", "context", "steps_completed"}

_CREATE = f"""
INSERT INTO sagas_sagaexecution (id, organization_id, saga_id, definition, step_names, context, state, round, position,
  attempt, is_doubtful, interruptions, steps_completed, failed_step, error, compensation_performed, undo_requested,
  needs_attention, wake_at, wait_reason, fence, lease_until, created_at, step_started_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, 1, 0, 0, false, 0, '[]', '', '', false, false, false, %s, '', %s,
  clock_timestamp() + make_interval(secs => %s), %s, %s)
ON CONFLICT (organization_id, saga_id) DO NOTHING
RETURNING {_COLUMNS}
"""

# A lease that lapsed without being given back belonged to a driver that died: its step may have had its effect.
_CLAIM = f"""
UPDATE sagas_sagaexecution SET fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => %s),
  is_doubtful = is_doubtful OR lease_until IS NOT NULL,
  interruptions = interruptions + (lease_until IS NOT NULL)::int,
  step_started_at = COALESCE(step_started_at, %s),
  state = CASE state WHEN 'pending' THEN 'in_progress' ELSE state END
WHERE organization_id = %s AND id = %s AND wake_at <= %s AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING {_COLUMNS}
"""

_MOVE = """
UPDATE sagas_sagaexecution SET state = %s, position = %s, attempt = %s, is_doubtful = %s, interruptions = 0,
  steps_completed = %s, failed_step = %s, error = %s, compensation_performed = %s, needs_attention = %s, stuck_at = %s,
  wake_at = %s, wait_reason = %s, step_started_at = %s, completed_at = %s,
  lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE organization_id = %s AND id = %s AND fence = %s AND lease_until > clock_timestamp()
RETURNING id, organization_id, round, undo_requested, lease_until
"""

_NOTE = f"""
WITH moved AS ({_MOVE}), noted AS (
  INSERT INTO sagas_sagasteprecord
    (id, organization_id, execution_id, round, position, kind, name, state, attempts, result, error, started_at, finished_at)
  SELECT %s, moved.organization_id, moved.id, moved.round, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM moved
  ON CONFLICT (execution_id, round, position, kind) DO UPDATE SET state = EXCLUDED.state, attempts = EXCLUDED.attempts,
    result = EXCLUDED.result, error = EXCLUDED.error, finished_at = EXCLUDED.finished_at
  WHERE sagas_sagasteprecord.state <> 'done'
)
SELECT undo_requested, lease_until FROM moved
"""
_MOVE_ONLY = f"WITH moved AS ({_MOVE}) SELECT undo_requested, lease_until FROM moved"


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What is noted of one step beside the saga's own row."""

    position: int
    kind: StepKind
    name: str
    state: StepState
    attempts: int
    result: dict[str, Any]
    error: str
    started_at: datetime | None
    finished_at: datetime


def create(
    organization_id: UUID,
    saga_id: str,
    definition: str,
    step_names: list[str],
    context: dict[str, Any],
    *,
    at: datetime,
    lease_seconds: float | None,
) -> SagaExecution | None:
    """Insert the saga, held by the caller if a lease is asked for; None when its id is taken."""
    driven = lease_seconds is not None
    values = (
        uuid7(), organization_id, saga_id, definition, _json(step_names), _json(context),
        SagaState.IN_PROGRESS.value if driven else SagaState.PENDING.value, at, int(driven), lease_seconds, at, at if driven else None,
    )  # fmt: skip
    return _row(_CREATE, values)


def claim(organization_id: UUID, execution_id: UUID, *, at: datetime, lease_seconds: float) -> SagaExecution | None:
    """Take a saga whose moment has come and that nobody drives; None when there is nothing to take."""
    return _row(_CLAIM, (lease_seconds, at, organization_id, execution_id, at))


def commit(execution: SagaExecution, outcome: StepOutcome | None = None, *, lease_seconds: float | None) -> bool:
    """Write the saga as it is now, with the outcome of a step, and hold or give back the lease.

    Returns whether somebody has asked for it to be undone. Raises :class:`LeaseLostError` when another driver has it.
    """
    values: tuple[Any, ...] = (
        str(execution.state), execution.position, execution.attempt, execution.is_doubtful,
        _json(execution.steps_completed), execution.failed_step, execution.error, execution.compensation_performed,
        execution.needs_attention, execution.stuck_at, execution.wake_at, execution.wait_reason,
        execution.step_started_at, execution.completed_at, lease_seconds,
        execution.organization_id, execution.pk, execution.fence,
    )  # fmt: skip
    if outcome is not None:
        values += (
            uuid7(), outcome.position, outcome.kind.value, outcome.name, outcome.state.value, outcome.attempts,
            _json(outcome.result), outcome.error, outcome.started_at, outcome.finished_at,
        )  # fmt: skip
    row = _fetch(_NOTE if outcome else _MOVE_ONLY, values)
    if row is None:
        raise LeaseLostError(execution.saga_id)
    execution.lease_until = row[1]
    return bool(row[0])


def _row(statement: str, values: Sequence[Any]) -> SagaExecution | None:
    row = _fetch(statement, values)
    if row is None:
        return None
    columns = zip(_FIELDS, row, strict=True)
    return SagaExecution.from_db("default", _FIELDS, [_parsed(name, value) for name, value in columns])


def _fetch(statement: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        # Past Django's cursor, which binds on the client: planning it anew is half of what such a statement costs.
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchone()


def _parsed(name: str, value: Any) -> Any:
    return orjson.loads(value) if name in _JSON_FIELDS and isinstance(value, str) else value


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


_ASK_UNDO = """
UPDATE sagas_sagaexecution SET undo_requested = true, wake_at = %s,
  state = CASE state WHEN 'succeeded' THEN 'compensating' ELSE state END,
  error = CASE state WHEN 'succeeded' THEN 'undo requested' ELSE error END,
  step_started_at = CASE state WHEN 'succeeded' THEN %s ELSE step_started_at END,
  completed_at = NULL, needs_attention = false, stuck_at = NULL
WHERE organization_id = %s AND id = %s AND state IN ('pending', 'in_progress', 'succeeded')
"""


def ask_undo(execution: SagaExecution, at: datetime) -> bool:
    """Ask whoever drives the saga, now or next, to undo it; False when it is undone or being undone already."""
    with connection.cursor() as cursor:
        cursor.execute(_ASK_UNDO, (at, at, execution.organization_id, execution.pk))
        return bool(cursor.rowcount)


_WAKE = """
UPDATE sagas_sagaexecution SET wake_at = LEAST(wake_at, %s)
WHERE organization_id = %s AND id = %s AND wake_at IS NOT NULL AND (lease_until IS NULL OR lease_until < clock_timestamp())
"""


def wake(execution: SagaExecution, at: datetime) -> bool:
    """End the wait of a saga that nobody drives; False when somebody does, whose commit may begin another wait."""
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, (at, execution.organization_id, execution.pk))
        return bool(cursor.rowcount)


def try_again(execution: SagaExecution, at: datetime) -> bool:
    """Let a parked or undone saga go on where it stopped; False when it is neither.

    An undone one starts a new round, in which what still stands is not done again.
    """
    with transaction.atomic():
        row: SagaExecution | None = SagaExecution.objects.select_for_update().filter(pk=execution.pk).first()
        if row is None or row.wake_at is not None or row.state == SagaState.SUCCEEDED:
            return False
        if row.state == SagaState.FAILED:
            _next_round(row)
        else:
            row.records.filter(state=StepState.STUCK).update(state=StepState.RETRYING, attempts=0)
        row.attempt, row.is_doubtful, row.interruptions = 0, row.is_doubtful and row.state != SagaState.FAILED, 0
        row.needs_attention, row.stuck_at, row.wake_at, row.step_started_at = False, None, at, at
        row.save()
    return True


def _next_round(row: SagaExecution) -> None:
    records: list[SagaStepRecord] = list(row.records.filter(round=row.round).order_by("position"))
    undone = {r.position for r in records if r.kind == StepKind.UNDO and r.state == StepState.DONE}
    standing = [r for r in records if r.kind == StepKind.DO and r.state == StepState.DONE and r.position not in undone]
    row.round += 1
    for record in standing:
        record.pk, record.round, record._state.adding = uuid7(), row.round, True
    SagaStepRecord.objects.bulk_create(standing)
    kept = {record.position for record in standing}
    row.position = next(n for n in range(len(row.step_names)) if n not in kept)
    row.steps_completed = [record.name for record in standing]
    row.state, row.completed_at, row.failed_step, row.error = SagaState.IN_PROGRESS, None, "", ""
    row.undo_requested = row.compensation_performed = False


def forget(organization_id: UUID) -> None:
    """Delete all sagas of an organization, as those of a bench or a demonstration."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sagas_sagasteprecord WHERE organization_id = %s", (organization_id,))
        cursor.execute("DELETE FROM sagas_sagaexecution WHERE organization_id = %s", (organization_id,))
