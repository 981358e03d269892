"""Drives an adapter's operation with requests, for everything but the campaign sender.

:mod:`core.http` connects to checked addresses, follows no redirect, retries nothing and knows whether anything left.
"""

import logging

from core.http import CONNECT_SECONDS, OutgoingError, request
from gateways.contract import (
    Answer,
    FailureKind,
    HttpCall,
    HttpReply,
    Operation,
    R,
    SimulatorPort,
    TransportFailure,
)

logger = logging.getLogger(__name__)


def run(operation: "Operation[R]", *, simulator: SimulatorPort) -> R:
    """Run the operation to its result."""
    try:
        call = next(operation)
        while True:
            call = operation.send(_answer(call, simulator))
    except StopIteration as finished:
        result: R = finished.value
        return result


def _answer(call: HttpCall, simulator: SimulatorPort) -> Answer:
    if call.url.startswith("simulator:"):
        return simulator(call)
    try:
        return _request(call)
    except OutgoingError as error:
        kind = FailureKind.NOT_SENT if error.nothing_left else FailureKind.MAYBE_SENT
        logger.info("no answer from a provider", extra={"kind": error.kind, "failure": kind.value})
        return TransportFailure(kind, f"{error.kind}: {error}"[:300])


def _request(call: HttpCall) -> HttpReply:
    # Calls are far apart here, and servers close idle connections after seconds: each has one of its own.
    headers, timeout = {**call.headers, "Connection": "close"}, (CONNECT_SECONDS, call.timeout_seconds)
    reply = request(
        call.method, call.url, json=call.json, data=call.content, headers=headers, timeout=timeout, reuse=False
    )
    return HttpReply(reply.status, reply.content, reply.headers)
