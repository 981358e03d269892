"""What Meta's Graph API has in common for WhatsApp, Messenger and Instagram: signatures, the handshake, errors.

Errors are judged by their code, never by their words (protocol: Meta's list of error codes).
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, HttpUrl

from gateways.calls import FailureKind, HttpReply, TransportFailure
from gateways.contract import Outcome, RawHook, SendResult
from gateways.formats.loose import inside, mapping, text
from gateways.formats.servers import Key, Secret, blotted, long_enough

DETAIL_LENGTH = 400
# Where Meta keeps files; a webhook's own word about a host is not believed.
FILE_HOSTS = (".fbsbx.com", ".fbcdn.net", ".cdninstagram.com", ".whatsapp.net", ".facebook.com")

AUTH = frozenset({0, 190})
PERMISSION = frozenset({3, 10, *range(200, 300)})
ACCOUNT = frozenset({131005, 131037, 131042, 131045, 131057})
RESTRICTED = frozenset({368, 131031})
# Seconds to wait for each limit that is the number's, not the message's.
LIMITS = {4: 60.0, 613: 60.0, 80007: 60.0, 130429: 10.0, 131064: 600.0, 133016: 600.0, 131048: 3600.0}
# Refused for this person at this moment: to be tried again after a while.
NOT_NOW = {131056: 10.0, 131000: 4.0, 131016: 4.0, 1: 4.0, 2: 4.0}
NOBODY = frozenset({131026})
# Messenger's and Instagram's way to say that the 24 hours are over.
WINDOW_SUBCODES = frozenset({2018278, 2534022})


class GraphConfig(BaseModel):
    """Access to one of Meta's channels; ``verify_token`` is ours, Meta repeats it in the handshake."""

    token: Key
    app_secret: Key
    verify_token: Secret = ""
    base_url: HttpUrl = HttpUrl("https://graph.facebook.com")
    version: Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]$")] = "v23.0"

    def address(self, path: str) -> str:
        return f"{str(self.base_url).rstrip('/')}/{self.version}/{path}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def secrets(self) -> list[str]:
        return long_enough(self.token, self.app_secret, self.verify_token)


@dataclass(frozen=True)
class GraphError:
    """``code`` -1 where the answer is no error of Graph's own."""

    code: int
    subcode: int
    detail: str


def is_signed(config: GraphConfig, hook: RawHook) -> bool:
    """Tell whether the body carries Meta's signature with our app's secret."""
    expected = "sha256=" + hmac.new(config.app_secret.encode(), hook.body, hashlib.sha256).hexdigest()
    given = hook.headers.get("x-hub-signature-256", "")
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def handshake(config: GraphConfig, query: Mapping[str, str]) -> str | None:
    """Return Meta's challenge when it knows our verify token."""
    given = query.get("hub.verify_token", "")
    if query.get("hub.mode") != "subscribe" or not config.verify_token:
        return None
    is_ours = hmac.compare_digest(given.encode("utf-8", "replace"), config.verify_token.encode())
    return query.get("hub.challenge", "") if is_ours else None


class GraphHooks:
    """The door of whatever comes from a Meta app: the same for its numbers, pages and Instagram accounts."""

    def handshake(self, config: GraphConfig, query: Mapping[str, str]) -> str | None:
        return handshake(config, query)

    def verify_hook(self, config: GraphConfig, hook: RawHook) -> bool:
        return is_signed(config, hook)

    def dedupe_key(self, hook: RawHook) -> str:
        return hashlib.sha256(hook.body).hexdigest()

    def redact(self, config: GraphConfig, body: bytes) -> bytes:
        return blotted(body, config.secrets)


def error_of(answer: Any) -> GraphError:
    """Return the error of an answer's body; webhooks carry the same without the envelope."""
    error = mapping(inside(answer, "error")) or mapping(answer)
    code, subcode = error.get("code"), error.get("error_subcode")
    details = text(inside(error, "error_data", "details"))
    words = ": ".join(
        dict.fromkeys(part for part in (text(error.get("title")) or text(error.get("message")), details) if part)
    )
    return GraphError(_number(code), _number(subcode), words[:DETAIL_LENGTH])


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def refused(reply: HttpReply | TransportFailure, chat: str = "") -> SendResult | None:
    """Judge an answer that is no success; None for one that is."""
    if isinstance(reply, TransportFailure):
        if reply.kind is FailureKind.NOT_SENT:
            return SendResult(Outcome.CHANNEL_DOWN, chat_id=chat, code="unreachable", detail=reply.detail)
        return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_answer", detail=reply.detail)
    error = error_of(reply.json())
    if error.code >= 0:
        return by_code(error, chat, reply.retry_after_seconds)
    return None if reply.status < 300 else _by_status(reply, chat)


def by_code(error: GraphError, chat: str = "", retry_after: float | None = None) -> SendResult:
    """Judge one of Graph's errors."""
    code, named = error.code, str(error.code)
    if code in AUTH:
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, "unauthorised", error.detail)
    if code == 10 and error.subcode in WINDOW_SUBCODES:
        return SendResult(Outcome.REFUSED, "", chat, "window", error.detail)
    if code in PERMISSION or code in ACCOUNT:
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, "permission" if code in PERMISSION else named, error.detail)
    if code in RESTRICTED:
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, named, error.detail, channel_state="restricted")
    if code in LIMITS:
        return SendResult(Outcome.LATER, "", chat, named, error.detail, retry_after or LIMITS[code])
    if code in NOT_NOW:
        return SendResult(Outcome.NOT_SENT, "", chat, named, error.detail, NOT_NOW[code])
    if code in NOBODY:
        return SendResult(Outcome.INVALID_NUMBER, "", chat, named, error.detail)
    return SendResult(Outcome.REFUSED, "", chat, named, error.detail)


def _by_status(reply: HttpReply, chat: str) -> SendResult:
    if reply.status in {401, 403}:
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, "unauthorised", f"HTTP {reply.status}")
    if reply.status == 429:
        return SendResult(Outcome.LATER, "", chat, "429", "", reply.retry_after_seconds)
    outcome = Outcome.REFUSED if 400 <= reply.status < 500 and reply.status != 408 else Outcome.UNKNOWN
    return SendResult(outcome, "", chat, str(reply.status))


def is_files_host(config: GraphConfig, url: str) -> bool:
    """Tell whether a file's address is on Meta's own machines."""
    try:
        host, own = urlsplit(url).hostname or "", urlsplit(str(config.base_url)).hostname
    except ValueError:
        return False
    if host == own:
        return True
    return url.startswith("https://") and host.endswith(FILE_HOSTS)
