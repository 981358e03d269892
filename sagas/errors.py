"""What sagas refuse, and what their actions may raise to say how an attempt ended."""

from datetime import datetime, timedelta
from http import HTTPStatus

from django.utils.translation import gettext as _

from core.clock import now
from core.errors import DomainError


class SagaDefinitionError(ValueError):
    """The definition itself is wrong: the program, not the data."""


class SagaNotDefinedError(LookupError):
    """No definition has this name here, e.g. a worker that runs older code."""


class SagaDefinitionChangedError(RuntimeError):
    """A stored saga was started with other steps than its definition has now."""


class PayloadRefusedError(ValueError):
    """A context or a result that must not be kept: no JSON, or it holds a secret."""


class SagaInTransactionError(RuntimeError):
    """A saga was to be driven inside an open transaction, which would make none of its commits real; use ``start``."""


class LeaseLostError(RuntimeError):
    """Another driver has taken over; nothing of this one's outcome was written."""


class SagaNotFoundError(DomainError):
    """The organization has no saga of this id."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, saga_id: str) -> None:
        super().__init__(_("This process does not exist."))
        self.saga_id = saga_id


class SagaConflictError(DomainError):
    """The saga id is taken by another definition or another context."""

    def __init__(self, saga_id: str) -> None:
        super().__init__(_("A process with this number was already started with other data."))
        self.saga_id = saga_id


class SagaNotUndoableError(DomainError):
    """The saga, as it is now, cannot be undone."""

    def __init__(self) -> None:
        super().__init__(_("This process cannot be undone."))


class SagaNotRetryableError(DomainError):
    """The saga has not failed, so there is nothing to try again."""

    def __init__(self) -> None:
        super().__init__(_("This process has nothing to try again."))


class PermanentStepError(Exception):
    """The other side refused and did nothing: no retry, the steps before are undone. ``reason`` is kept and shown.

    ``nothing_stands``: the step has looked and knows that no earlier attempt of its own has left anything to undo.
    """

    def __init__(self, reason: str = "", *, nothing_stands: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.nothing_stands = nothing_stands


class StepUnknown(Exception):  # noqa: N818  # it names an outcome
    """Nobody knows whether the effect happened: retried with the same idempotency key, and undone if retries end."""


class StepPostponed(Exception):  # noqa: N818  # it names an outcome
    """Too early to try, or to know the end: called again later without using up a retry.

    ``until`` is a moment or a number of seconds from now. ``begun``: something was set going outside, so that the step is
    undone as well if the saga turns back before it is called again.
    """

    def __init__(self, until: datetime | float, reason: str = "", *, begun: bool = False) -> None:
        super().__init__(reason)
        self.begun = begun
        self.until = until if isinstance(until, datetime) else now() + timedelta(seconds=until)
        self.reason = reason


class WaitUntil(StepPostponed):
    """The step waits for a moment; it is called again then."""
