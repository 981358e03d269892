"""Drives an adapter's operation with requests."""

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from core.http import MAX_REPLY_BYTES, UnsafeUrlError, check_public_url
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

CONNECT_SECONDS = 3.0
NEVER_LEFT = (ConnectTimeoutError, NameResolutionError, NewConnectionError)


def run(operation: "Operation[R]", *, simulator: SimulatorPort) -> R:
    """Run the operation to its result; redirects and library retries are off."""
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=0))
        session.mount("https://", HTTPAdapter(max_retries=0))
        try:
            call = next(operation)
            while True:
                call = operation.send(_answer(session, call, simulator))
        except StopIteration as finished:
            result: R = finished.value
            return result


def _answer(session: requests.Session, call: HttpCall, simulator: SimulatorPort) -> Answer:
    if call.url.startswith("simulator:"):
        return simulator(call)
    try:
        check_public_url(call.url)
        return _request(session, call)
    except UnsafeUrlError as error:
        return TransportFailure(FailureKind.NOT_SENT, str(error))
    except requests.exceptions.SSLError as error:
        return TransportFailure(FailureKind.NOT_SENT, f"TLS: {error}"[:300])
    except requests.exceptions.ConnectionError as error:
        kind = FailureKind.NOT_SENT if _never_left(error) else FailureKind.MAYBE_SENT
        return TransportFailure(kind, f"{type(error).__name__}: {error}"[:300])
    except requests.exceptions.RequestException as error:
        return TransportFailure(FailureKind.MAYBE_SENT, f"{type(error).__name__}: {error}"[:300])


def _request(session: requests.Session, call: HttpCall) -> HttpReply:
    with session.request(
        call.method,
        call.url,
        headers=dict(call.headers),
        json=call.json,
        timeout=(CONNECT_SECONDS, call.timeout_seconds),
        allow_redirects=False,
        stream=True,
    ) as response:
        body = response.raw.read(MAX_REPLY_BYTES, decode_content=True)
        return HttpReply(response.status_code, body, {k.lower(): v for k, v in response.headers.items()})


def _never_left(error: BaseException) -> bool:
    # requests wraps "refused" and "reply cut" in one class; urllib3's reason below tells them apart.
    seen: BaseException | None = error
    while seen is not None:
        reason = getattr(seen, "reason", None) or (seen.args[0] if seen.args else None)
        if isinstance(seen, NEVER_LEFT) or isinstance(reason, NEVER_LEFT):
            return True
        seen = reason if isinstance(reason, BaseException) else seen.__cause__
    return False
