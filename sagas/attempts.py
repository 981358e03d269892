"""One attempt at an action or a compensation, and what its end means."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from core.breaker import CircuitOpenError
from core.clock import now
from core.http import OutgoingError
from sagas.deadlines import OverrunError, run_within
from sagas.definition import JSON, StepCall
from sagas.errors import PayloadRefusedError, PermanentStepError, StepPostponed, StepUnknown
from sagas.payloads import checked_json

logger = logging.getLogger("saga")

MAX_ERROR = 500


class Ending(Enum):
    DONE = auto()
    LATER = auto()
    """Nothing was done; the attempt does not count."""
    FAILED = auto()
    """May be tried again."""
    REFUSED = auto()
    """Must not be tried again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """``may_have_happened`` matters for what is not done: such a step is undone as well.

    ``nothing_stands`` overrules what earlier attempts may have left.
    """

    ending: Ending
    result: JSON = field(default_factory=dict)
    error: str = ""
    until: datetime | None = None
    may_have_happened: bool = False
    nothing_stands: bool = False


def attempt(function: Callable[[StepCall], JSON | None], call: StepCall) -> Attempt:
    """Call the function within its deadline; every way in which it can end becomes a value."""
    try:
        answer = run_within(call.deadline - time.monotonic(), lambda: function(call))
    except StepPostponed as postponed:
        return Attempt(Ending.LATER, until=postponed.until, error=postponed.reason, may_have_happened=postponed.begun)
    except CircuitOpenError as rest:
        return Attempt(Ending.LATER, until=now() + timedelta(seconds=rest.retry_after), error=rest.message)
    except PermanentStepError as refusal:
        return Attempt(Ending.REFUSED, error=_words(refusal), nothing_stands=refusal.nothing_stands)
    except OverrunError:
        return Attempt(Ending.FAILED, error="no answer in time", may_have_happened=True)
    except Exception as failure:  # a step may fail in any way; the journal keeps what happened
        return _failed(failure, call)
    try:
        return Attempt(Ending.DONE, result=checked_json(answer, "result"))
    except PayloadRefusedError as refused:
        # The effect is there, but what it answered cannot be kept: it is undone like one that nobody knows.
        return Attempt(Ending.REFUSED, error=_words(refused), may_have_happened=True)


def _failed(failure: Exception, call: StepCall) -> Attempt:
    nothing_left = isinstance(failure, OutgoingError) and failure.nothing_left
    expected = isinstance(failure, StepUnknown | OutgoingError)
    logger.warning(
        "saga attempt failed",
        extra={"saga_id": call.saga_id, "step": call.step, "attempt": call.attempt, "error": _words(failure)},
        exc_info=None if expected else failure,
    )
    return Attempt(Ending.FAILED, error=_words(failure), may_have_happened=not nothing_left)


def _words(failure: BaseException) -> str:
    text = str(failure) or type(failure).__name__
    if isinstance(failure, PermanentStepError | StepUnknown | OutgoingError | PayloadRefusedError):
        return text[:MAX_ERROR]
    return f"{type(failure).__name__}: {text}"[:MAX_ERROR]
