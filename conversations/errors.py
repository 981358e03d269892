from core.errors import DomainError


class ConversationClosedError(DomainError):
    """The conversation must be reopened first."""


class EmptyMessageError(DomainError):
    """There is nothing to send."""
