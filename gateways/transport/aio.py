"""Drives an adapter's operation with aiohttp, for the campaign sender."""

import asyncio

import aiohttp

from core.http import MAX_REPLY_BYTES
from gateways.contract import Answer, FailureKind, HttpCall, HttpReply, Operation, R, SimulatorPort, TransportFailure

NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


async def arun(operation: "Operation[R]", session: aiohttp.ClientSession, *, simulator: SimulatorPort) -> R:
    """Run the operation to its result; redirects are off and nothing is retried."""
    try:
        call = next(operation)
        while True:
            call = operation.send(await _answer(session, call, simulator))
    except StopIteration as finished:
        result: R = finished.value
        return result


async def _answer(session: aiohttp.ClientSession, call: HttpCall, simulator: SimulatorPort) -> Answer:
    if call.url.startswith("simulator:"):
        return await asyncio.to_thread(simulator, call)
    try:
        timeout = aiohttp.ClientTimeout(total=call.timeout_seconds + 3, sock_connect=3, sock_read=call.timeout_seconds)
        async with session.request(
            call.method, call.url, headers=call.headers, json=call.json, timeout=timeout, allow_redirects=False
        ) as response:
            body = await response.content.read(MAX_REPLY_BYTES)
            while len(body) < MAX_REPLY_BYTES and (more := await response.content.read(MAX_REPLY_BYTES - len(body))):
                body += more
            return HttpReply(response.status, body, {k.lower(): v for k, v in response.headers.items()})
    except NEVER_LEFT as error:
        return TransportFailure(FailureKind.NOT_SENT, f"{type(error).__name__}: {error}"[:300])
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
        return TransportFailure(FailureKind.MAYBE_SENT, f"{type(error).__name__}: {error}"[:300])
