"""Drives an adapter's operation with aiohttp, for the campaign sender."""

import asyncio

import aiohttp
import orjson

from core.http import CONNECT_SECONDS, MAX_REPLY_BYTES
from gateways.calls import Answer, FailureKind, HttpCall, HttpReply, Operation, R, SimulatorPort, TransportFailure

# All that aiohttp raises before it has a connection; whatever else it raises may come after bytes have left.
NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
CHUNK_BYTES = 65_536


async def arun(operation: "Operation[R]", session: aiohttp.ClientSession, *, simulator: SimulatorPort) -> R:
    """Run the operation to its result; redirects are off and nothing is retried.

    The session belongs to the caller: its connector decides which addresses may be reached
    (:func:`core.addresses.guarded_socket`).
    """
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
        return await _request(session, call)
    except NEVER_LEFT as error:
        return TransportFailure(FailureKind.NOT_SENT, _words(error))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return TransportFailure(FailureKind.MAYBE_SENT, _words(error))


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


async def _request(session: aiohttp.ClientSession, call: HttpCall) -> HttpReply:
    headers, body = dict(call.headers), call.content
    if call.json is not None:
        headers["Content-Type"] = "application/json"
        body = orjson.dumps(call.json)
    timeout = aiohttp.ClientTimeout(
        total=CONNECT_SECONDS + 2 * call.timeout_seconds, sock_connect=CONNECT_SECONDS, sock_read=call.timeout_seconds
    )
    async with session.request(
        call.method, call.url, headers=headers, data=body, timeout=timeout, allow_redirects=False
    ) as response:
        content = await _read(response)
        return HttpReply(response.status, content, {name.lower(): value for name, value in response.headers.items()})


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_REPLY_BYTES:
            raise aiohttp.ClientPayloadError("the answer is too large")
    return bytes(content)
