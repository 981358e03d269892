from http import HTTPStatus

from core.errors import DomainError


class UploadRefusedError(DomainError):
    """The file may not be kept; the message says why, in the reader's language."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class DamagedFileError(ValueError):
    """The bytes are not what the format promises; turned into an :class:`UploadRefusedError` by the check."""
