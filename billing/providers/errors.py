"""What may go wrong with a provider of payments or invoices, told apart by what to do next."""

from http import HTTPStatus

from core.errors import DomainError


class ProviderError(DomainError):
    """Base of all; ``message`` is in words for people."""

    status = HTTPStatus.BAD_GATEWAY


class ProviderRefusedError(ProviderError):
    """The provider understood and said no; the same request would be refused again."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, message: str, *, code: str = "provider_refused") -> None:
        super().__init__(message, code=code)


class ProviderKeyError(ProviderRefusedError):
    """The key is wrong, revoked or allows too little."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="provider_key")


class ProviderBusyError(ProviderError):
    """The provider asks for patience; nothing happened."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, code="provider_busy")
        self.retry_after = retry_after


class ProviderDownError(ProviderError):
    """No whole answer; ``is_unknown`` when the request may have had its effect all the same."""

    def __init__(self, message: str, *, is_unknown: bool) -> None:
        super().__init__(message, code="provider_down")
        self.is_unknown = is_unknown
