import re
from http import HTTPStatus

_WORD_STARTS = re.compile(r"(?<!^)(?=[A-Z])")


class DomainError(Exception):
    """A refusal with a message, already translated, that the person may read; ``status`` is how HTTP says it.

    ``code`` is the stable word for programs, the class's name in snake case unless one is given; ``fields`` names the
    inputs that it is about.
    """

    status: int = HTTPStatus.CONFLICT
    fields: tuple[str, ...] = ()

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or _WORD_STARTS.sub("_", type(self).__name__.removesuffix("Error")).lower()
