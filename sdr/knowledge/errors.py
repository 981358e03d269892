from core.errors import DomainError


class UnreadableDocumentError(DomainError):
    """A document from which no text can be taken; the message says why, to the person who added it."""

    status = 422
