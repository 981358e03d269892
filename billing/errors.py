from http import HTTPStatus

from core.errors import DomainError


class NotConfiguredError(DomainError):
    """Something in the settings is missing; the message says what."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class ChargeError(DomainError):
    """A charge cannot be made this way; ``field`` is the form's field to look at, if one."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message, code="charge_refused")
        self.field = field


class ChargeStateError(DomainError):
    """A charge, as it is now, does not allow this."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="charge_state")


class InvoiceError(DomainError):
    """An invoice cannot be issued or cancelled as things are."""
