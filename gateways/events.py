import dataclasses
from dataclasses import dataclass, field
from typing import Any

from gateways.contract import InboundMessage, MessageChange
from sagas.events import Event


@dataclass(frozen=True)
class MessagesReceived(Event):
    """A batch of one channel's inbound messages, each a dict made by :func:`message_payload`.

    ``changes`` is what was done to earlier messages, each a dict made by :func:`change_payload`; it comes after them.
    """

    channel_id: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ordering_key(self) -> str:
        return f"channel:{self.channel_id}"


@dataclass(frozen=True)
class StatusesReceived(Event):
    """A batch of one channel's message ids whose delivery state moved; the states are in ``MessageStatus``."""

    channel_id: str
    external_ids: list[str] = field(default_factory=list)

    @property
    def ordering_key(self) -> str:
        return f"channel:{self.channel_id}"


@dataclass(frozen=True)
class WatermarkPassed(Event):
    """All our messages in a chat up to ``at`` (ISO format) have reached a state: delivered or read."""

    channel_id: str
    chat_id: str
    state: str
    at: str

    @property
    def ordering_key(self) -> str:
        return f"channel:{self.channel_id}"


@dataclass(frozen=True)
class ChannelStateChanged(Event):
    channel_id: str
    state: str
    reason: str


@dataclass(frozen=True)
class NumberAlert(Event):
    """People should know something of a number: ``level`` is critical, warning or info; ``incident_id`` may be empty.

    ``subject`` is the id of what it is about where that is not the number itself: a template.
    """

    channel_id: str
    level: str
    code: str
    incident_id: str = ""
    subject: str = ""


@dataclass(frozen=True)
class NumberReplaced(Event):
    """Another number, ``by_id``, took the place of one that went out of work or rests."""

    channel_id: str
    by_id: str
    incident_id: str


@dataclass(frozen=True)
class DrillAsked(Event):
    drill_id: str


def message_payload(message: InboundMessage, *, is_old: bool) -> dict[str, Any]:
    """Return a message as JSON values: the fields of :class:`gateways.contract.InboundMessage`, ``at`` in ISO format.

    ``is_old`` says that it arrived so late that nobody may answer it by itself.
    """
    return dataclasses.asdict(message) | {"at": message.at.isoformat(), "is_old": is_old}


def change_payload(change: MessageChange) -> dict[str, Any]:
    """Return what was done to a message as JSON values, ``at`` in ISO format."""
    return dataclasses.asdict(change) | {"at": change.at.isoformat()}
