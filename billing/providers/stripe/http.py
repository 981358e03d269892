"""Lets the official SDK speak through :mod:`core.http`, with its guards, time-outs and circuit breaker."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

import stripe

from core import http
from core.breaker import Breaker

LEAST_SECONDS = 0.5


class LeftInDoubtError(stripe.APIConnectionError):
    """No whole answer came back; ``nothing_left`` when no byte of the request went out."""

    def __init__(self, message: str, *, nothing_left: bool) -> None:
        super().__init__(message, should_retry=False)  # type: ignore[no-untyped-call]
        self.nothing_left = nothing_left


class GuardedClient(stripe.HTTPClient):
    """The SDK's transport; all calls of one client have to be answered by ``deadline`` (of ``time.monotonic``)."""

    name: ClassVar[str] = "prosa"

    def __init__(self, *, breaker: Breaker, deadline: float) -> None:
        super().__init__()
        self._breaker = breaker
        self._deadline = deadline

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Send one request; raises :class:`LeftInDoubtError` and :class:`core.breaker.CircuitOpenError`."""
        try:
            reply = http.request(
                method,
                url,
                headers=headers,
                data=post_data,
                timeout=self._timeout(),
                breaker=self._breaker,
                reuse=False,
            )
        except http.OutgoingError as error:
            raise LeftInDoubtError(error.message, nothing_left=error.nothing_left) from error
        return reply.text, reply.status, reply.headers

    def _timeout(self) -> tuple[float, float]:
        # core.http allows one connection and two silences; together they end with the deadline.
        left = max(LEAST_SECONDS, self._deadline - time.monotonic())
        connect = min(http.CONNECT_SECONDS, left / 4)
        return connect, (left - connect) / 2

    def request_stream(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("nothing here reads streams")

    def close(self) -> None:
        """Nothing to close: every request has a connection of its own."""
