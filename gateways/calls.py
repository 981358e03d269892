"""What an adapter asks of the outside and hears back: calls and answers, without a connection."""

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, TypeVar

import orjson

from core.clock import now

SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class HttpCall:
    """One request to a provider; ``effectful`` when it may cause a message to be delivered."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    effectful: bool = False
    timeout_seconds: float = 30.0
    content: bytes | None = None
    """A body that is no JSON, such as a form with a file; its type is among the headers."""


@dataclass(frozen=True)
class HttpReply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the body as JSON, or None when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def retry_after_seconds(self) -> float | None:
        """The pause that the server asks for, from seconds or a date."""
        value = self.headers.get("retry-after", "").strip()
        if SECONDS.fullmatch(value):
            return float(value)
        try:
            return max(0.0, (parsedate_to_datetime(value).astimezone(UTC) - now()).total_seconds())
        except (ValueError, OverflowError):
            return None


class FailureKind(StrEnum):
    NOT_SENT = "not_sent"
    """Nothing left: name not found, refused, connection time-out, TLS failed."""
    MAYBE_SENT = "maybe_sent"
    """Bytes may have left: reset, read time-out, reply cut short."""


@dataclass(frozen=True)
class TransportFailure:
    kind: FailureKind
    detail: str


Answer = HttpReply | TransportFailure
R = TypeVar("R")
Operation = Generator[HttpCall, Answer, R]
SimulatorPort = Callable[[HttpCall], HttpReply]
