from core.errors import DomainError


class ConversationClosedError(DomainError):
    """The conversation must be reopened first."""


class WindowClosedError(DomainError):
    """More than 24 hours have passed since the person wrote: only an approved template may be sent."""


class EmptyMessageError(DomainError):
    """There is nothing to send."""
