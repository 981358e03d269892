"""The log of sagas: one structured line on logger ``saga`` for every transition."""

import logging

from sagas.journal import StepOutcome
from sagas.models import SagaExecution

logger = logging.getLogger("saga")


def note(execution: SagaExecution, event: str, *, step: str, outcome: StepOutcome | None = None) -> None:
    """Write the line of a transition that has been committed."""
    if not logger.isEnabledFor(logging.INFO):
        return
    logger.log(
        logging.WARNING if execution.needs_attention else logging.INFO,
        event,
        extra={
            "saga_id": execution.saga_id,
            "definition": execution.definition,
            "step": step,
            "attempt": outcome.attempts if outcome else execution.attempt,
            "state": str(execution.state),
            "error": outcome.error if outcome else execution.error,
        },
    )
