"""Drives an adapter's operation with requests, for everything but the campaign sender.

:mod:`core.http` connects to checked addresses, follows no redirect, retries nothing and knows whether anything left.
"""

import logging
from typing import Generic
from urllib.parse import urlsplit

from core.breaker import Breaker, breaker_of
from core.http import CONNECT_SECONDS, OutgoingError, request
from core.tenancy import active_organization_id
from gateways.calls import Answer, FailureKind, HttpCall, HttpReply, Operation, R, SimulatorPort, TransportFailure

logger = logging.getLogger(__name__)


DEPENDENCY = "gateway"
# What a server's own front answers when nothing behind it does; one number's trouble is told with other codes.
SERVER_IS_GONE = {502, 503, 504}


class _ServerFailingError(Exception):
    """Tells the circuit breaker; never leaves this module."""


def run(operation: "Operation[R]", *, simulator: SimulatorPort) -> R:
    """Run the operation to its result.

    Raises :class:`core.breaker.CircuitOpenError` when the server failed too often lately; then nothing of the
    operation was sent. Once begun it is never stopped half-way: what it did already would stay unknown.
    """
    try:
        call = next(operation)
    except StopIteration as finished:
        result: R = finished.value
        return result
    drive = _Drive(operation, simulator)
    if (breaker := _breaker(call)) is None:
        return drive.to_the_end(call)
    try:
        with breaker.guard(counts=(_ServerFailingError,)):
            result = drive.to_the_end(call)
            if drive.server_failed:
                raise _ServerFailingError
    except _ServerFailingError:
        pass
    return result


def _breaker(call: HttpCall) -> Breaker | None:
    organization_id = active_organization_id()
    if organization_id is None or call.url.startswith("simulator:"):
        return None
    return breaker_of(DEPENDENCY, organization_id, place=urlsplit(call.url).netloc.rpartition("@")[2])


class _Drive(Generic[R]):
    """One operation under way."""

    def __init__(self, operation: "Operation[R]", simulator: SimulatorPort) -> None:
        self._operation, self._simulator = operation, simulator
        self.server_failed = False

    def to_the_end(self, call: HttpCall) -> R:
        try:
            while True:
                call = self._operation.send(self._answer(call))
        except StopIteration as finished:
            result: R = finished.value
            return result

    def _answer(self, call: HttpCall) -> Answer:
        if call.url.startswith("simulator:"):
            return self._simulator(call)
        try:
            reply = _request(call)
        except OutgoingError as error:
            self.server_failed = True
            kind = FailureKind.NOT_SENT if error.nothing_left else FailureKind.MAYBE_SENT
            logger.info("no answer from a provider", extra={"kind": error.kind, "failure": kind.value})
            return TransportFailure(kind, f"{error.kind}: {error}"[:300])
        self.server_failed |= reply.status in SERVER_IS_GONE
        return reply


def _request(call: HttpCall) -> HttpReply:
    # Calls are far apart here, and servers close idle connections after seconds: each has one of its own.
    headers, timeout = {**call.headers, "Connection": "close"}, (CONNECT_SECONDS, call.timeout_seconds)
    reply = request(
        call.method, call.url, json=call.json, data=call.content, headers=headers, timeout=timeout, reuse=False
    )
    return HttpReply(reply.status, reply.content, reply.headers)
