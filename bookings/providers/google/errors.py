from http import HTTPStatus

from django.utils.translation import gettext as _

from core.errors import DomainError


class GoogleError(DomainError):
    """Base of what goes wrong with a linked calendar."""

    status = HTTPStatus.BAD_GATEWAY


class GoogleRevokedError(GoogleError):
    """The owner of the calendar took the access back, or Google did."""

    def __init__(self) -> None:
        super().__init__(_("Google no longer gives access to this calendar. Connect it again."))


class GoogleRefusedError(GoogleError):
    """Google understood and said no; ``reason`` is in Google's own words."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("Google Calendar refused: %(reason)s") % {"reason": reason or "?"})
        self.reason = reason


class GoogleBusyError(GoogleError):
    """Google asks for patience; nothing happened."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(_("Google asks for a moment. Try again soon."))
        self.retry_after = retry_after


class GoogleDownError(GoogleError):
    """No whole answer. Every call may be repeated: events have ids of ours."""

    def __init__(self) -> None:
        super().__init__(_("Google did not answer."))


class SyncExpiredError(Exception):
    """The place up to which changes were read is forgotten: everything is read anew."""
