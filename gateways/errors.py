from http import HTTPStatus

from core.errors import DomainError


class ChannelConfigError(DomainError):
    """The provider's settings or the pace are incomplete or wrong; ``fields`` names which, where that is known."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class ChannelLimitError(DomainError):
    """The plan allows no more numbers."""


class TemplateError(DomainError):
    """An official template cannot be like this, or Meta did not take it; ``fields`` names which input, where known."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class ChannelStateError(DomainError):
    """The number cannot do this in its present state."""
