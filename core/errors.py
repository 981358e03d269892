from http import HTTPStatus


class DomainError(Exception):
    """A refusal with a message, already translated, that the person may read; ``status`` is how HTTP says it."""

    status: int = HTTPStatus.CONFLICT

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__
