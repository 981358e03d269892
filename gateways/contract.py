"""What an adapter of a provider is: plain data in and out, no network and no database.

An operation is a generator that yields each :class:`gateways.calls.HttpCall` it needs and is given the :class:`HttpReply` or
:class:`TransportFailure`; it returns a plain result. The same adapter is therefore driven by requests
(:mod:`gateways.transport.sync`) and by aiohttp (:mod:`gateways.transport.aio`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel

from core.formulas import printable
from gateways.calls import Answer, Operation


class Outcome(StrEnum):
    SENT = "sent"
    REFUSED = "refused"
    INVALID_NUMBER = "invalid_number"
    LATER = "later"
    CHANNEL_DOWN = "channel_down"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SendResult:
    """How a send ended; ``chat_id`` is the address that the provider uses for the phone."""

    outcome: Outcome
    external_id: str = ""
    chat_id: str = ""
    code: str = ""
    detail: str = ""
    retry_after_seconds: float | None = None
    channel_state: str = ""
    """For ``CHANNEL_DOWN``: the state that the answer shows, where it is another than disconnected."""

    def __post_init__(self) -> None:
        # What no database takes must not keep the end of a send from being written.
        for name in ("external_id", "chat_id", "code", "detail"):
            object.__setattr__(self, name, printable(getattr(self, name)))


@dataclass(frozen=True)
class OutgoingMedia:
    filename: str
    mimetype: str
    kind: str
    data_base64: str


@dataclass(frozen=True)
class OutgoingTemplate:
    """An approved text by its name at the provider; ``components`` are its filled parameters as Meta takes them."""

    name: str
    language: str
    components: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class OutgoingMessage:
    """A message to one person; ``chat_id`` empty means that the provider was not asked for it yet.

    With a ``template`` the ``text`` is only what people will see of it.
    """

    phone: str
    text: str
    chat_id: str = ""
    media: OutgoingMedia | None = None
    reply_to: str = ""
    template: OutgoingTemplate | None = None
    by_hand: bool = False
    """Written by a person after the window has closed, where a network still takes that."""


@dataclass(frozen=True)
class MediaRef:
    """Where an inbound file can be fetched from; ``url`` is a path on the provider's own server or its id of the file."""

    mimetype: str
    filename: str = ""
    url: str = ""


@dataclass(frozen=True)
class InboundMessage:
    external_id: str
    chat_id: str
    phone: str | None
    identities: tuple[tuple[str, str], ...]
    name: str
    kind: str
    text: str
    at: datetime
    from_me: bool = False
    from_api: bool = False
    media: MediaRef | None = None
    reply_to: str = ""
    source: str = ""
    """Where the person comes from, when it is not simply WhatsApp: another network, an advertisement."""


@dataclass(frozen=True)
class DeliveryUpdate:
    """A delivery state of one of our messages: queued, sent, delivered, read or failed."""

    external_id: str
    state: str
    at: datetime
    error_code: str = ""
    error: str = ""


@dataclass(frozen=True)
class ConnectionUpdate:
    """A channel state as in :class:`gateways.models.ChannelState`."""

    state: str
    reason: str = ""
    phone: str = ""


@dataclass(frozen=True)
class MessageChange:
    """What was done to an earlier message: ``kind`` is edited, revoked or reaction.

    ``external_id`` is the earlier message; ``text`` is its new text, or the emoji of a reaction, empty when it is taken back.
    """

    kind: str
    external_id: str
    chat_id: str
    text: str
    at: datetime
    from_me: bool = False


@dataclass(frozen=True)
class Watermark:
    """All our messages in a chat up to a moment have reached a state: delivered or read."""

    chat_id: str
    state: str
    at: datetime


@dataclass(frozen=True)
class TemplateUpdate:
    """What the provider decided about an official template; what it does not speak of is empty."""

    external_id: str
    name: str
    language: str
    status: str = ""
    reason: str = ""
    quality: str = ""
    category: str = ""


@dataclass(frozen=True)
class AccountUpdate:
    """What the provider says of an official number: ``limit`` in people a day, 0 for no limit, None where it is silent."""

    limit: int | None = None
    quality: str = ""


@dataclass(frozen=True)
class ForOthers:
    """A part of a webhook that speaks of another account of the same app, or of others too.

    They are those of ``provider`` whose setting ``setting`` is ``account``; ``body`` is the webhook with that part alone.
    """

    provider: str
    setting: str
    account: str
    body: Mapping[str, Any]
    is_ours_too: bool = False


@dataclass(frozen=True)
class Ignored:
    reason: str


Parsed = (
    InboundMessage
    | DeliveryUpdate
    | ConnectionUpdate
    | MessageChange
    | Watermark
    | TemplateUpdate
    | AccountUpdate
    | ForOthers
    | Ignored
)


@dataclass(frozen=True)
class RawHook:
    """A webhook as received; header names in lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class NumberAnswer:
    exists: bool | None
    chat_id: str = ""
    detail: str = ""


@dataclass(frozen=True)
class ConnectionReport:
    """What the provider says of the connection, with the QR code's content when one must be scanned."""

    state: str
    reason: str = ""
    phone: str = ""
    qr: str = ""
    warning: str = ""
    account: AccountUpdate | None = None


@dataclass(frozen=True)
class History:
    """What people wrote in a span, each message as the webhook that should have told it.

    ``problem`` says why it was not read to its end; what was read is good all the same.
    """

    hooks: tuple[RawHook, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Profile:
    """How a person is called at the provider, or why it does not say; both may be empty."""

    name: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Rhythm:
    """How fast a provider's numbers may send where nobody said otherwise: gaps in milliseconds, sends a day.

    No gap under ``floor_ms`` is accepted. ``daily_cap`` is for official numbers whose limit is not read yet; None means none.
    """

    gap_ms: tuple[int, int]
    floor_ms: int = 0
    daily_cap: int | None = None


QR_RHYTHM = Rhythm((45_000, 60_000), floor_ms=500)


class Adapter(Protocol):
    """One provider. Registered in :mod:`gateways.registry`."""

    code: str
    label: str
    config_model: type[BaseModel]
    uses_qr: bool
    sends_media: bool
    is_paced: bool
    """Whether its numbers can be banned for writing too fast: careful gaps, warm-up, quiet hours."""
    rhythm: Rhythm
    identity_kinds: tuple[str, ...]
    """The kinds of address that a message can be sent to besides a phone, the preferred one first."""
    starts_chats: bool
    """Whether it may write to people who never wrote to it."""
    sends_templates: bool
    has_window: bool
    """Whether free text is refused 24 hours after the person's last message."""
    days_by_hand: int
    """For how many days after that message what a person writes is still taken; 0 is no longer than the window."""
    tells_names: bool
    """Whether :meth:`profile` can tell a name that webhooks do not bring."""
    gives_codes: bool
    """Whether :meth:`pairing_code` does anything."""
    acknowledges: bool
    """Whether it says of every message that it arrived, so that silence is a sign of trouble."""
    beat_seconds: float
    """How often it is asked how it is while all is well."""
    shows_presence: bool
    """Whether :meth:`presence` does anything."""
    keeps_history: bool
    """Whether :meth:`history` can tell what people wrote in the past."""
    connection_marks: tuple[bytes, ...]
    """Byte strings, one of which is in every webhook that tells the connection's state; those come in floods."""
    named_by: tuple[str, ...]
    """The settings by which webhooks name an account, where those of a whole app may come to any of its addresses."""

    def send(self, config: Any, message: OutgoingMessage) -> Operation[SendResult]: ...
    def check_number(self, config: Any, phone: str) -> Operation[NumberAnswer]: ...
    def connect(self, config: Any, webhook_url: str) -> Operation[ConnectionReport]: ...
    def health(self, config: Any) -> Operation[ConnectionReport]: ...
    def disconnect(self, config: Any) -> Operation[ConnectionReport]: ...
    def portfolio(self, config: Any) -> Operation[str | None]: ...
    def profile(self, config: Any, chat_id: str) -> Operation[Profile]: ...
    def pairing_code(self, config: Any, phone: str) -> Operation[str]: ...
    def resolve(self, config: Any, chat_id: str) -> Operation[str | None]: ...
    def presence(self, config: Any, chat_id: str, typing: bool) -> Operation[str]: ...
    def history(self, config: Any, since: datetime, until: datetime) -> Operation[History]: ...
    def fetch_media(self, config: Any, media: MediaRef) -> Operation[Answer | None]: ...
    def reaches(self, config: Any, address: str) -> bool: ...
    def handshake(self, config: Any, query: Mapping[str, str]) -> str | None: ...
    def verify_hook(self, config: Any, hook: RawHook) -> bool: ...
    def dedupe_key(self, hook: RawHook) -> str: ...
    def redact(self, config: Any, body: bytes) -> bytes: ...
    def parse(self, config: Any, body: bytes) -> list[Parsed]: ...


class PlainAdapter:
    """The answers of a provider that has none of the rarer things; adapters inherit and override."""

    uses_qr = False
    sends_media = True
    is_paced = False
    rhythm = QR_RHYTHM
    identity_kinds: tuple[str, ...] = ("whatsapp", "lid")
    starts_chats = True
    sends_templates = False
    has_window = False
    days_by_hand = 0
    tells_names = False
    gives_codes = False
    acknowledges = True
    beat_seconds = 30.0
    shows_presence = False
    keeps_history = False
    connection_marks: tuple[bytes, ...] = ()
    named_by: tuple[str, ...] = ()

    def pairing_code(self, config: Any, phone: str) -> Operation[str]:
        """Return the code to type on the phone instead of scanning, or an empty text."""
        yield from ()
        return ""

    def resolve(self, config: Any, chat_id: str) -> Operation[str | None]:
        """Return the phone in E.164 behind a hidden id, or None where the provider does not know it."""
        yield from ()
        return None

    def portfolio(self, config: Any) -> Operation[str | None]:
        """Return the id of the business whose numbers share a limit of people; empty where the provider does not tell."""
        yield from ()
        return ""

    def presence(self, config: Any, chat_id: str, typing: bool) -> Operation[str]:
        yield from ()
        return ""

    def profile(self, config: Any, chat_id: str) -> Operation[Profile]:
        """Return how somebody who wrote is called."""
        yield from ()
        return Profile(problem="none told")

    def history(self, config: Any, since: datetime, until: datetime) -> Operation[History]:
        """Return what people wrote from one moment to another, as the provider keeps it.

        What was written from the number itself is left out: nobody could tell any more whether it was we.
        """
        yield from ()
        return History(problem="none kept")

    def reaches(self, config: Any, address: str) -> bool:
        """Tell whether a person's address of one of our kinds belongs to this number, where ids are an account's own."""
        return True

    def handshake(self, config: Any, query: Mapping[str, str]) -> str | None:
        """Return what proves to the provider that the webhook address is ours; None when it is not asking rightly."""
        return None
