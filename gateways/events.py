from dataclasses import dataclass, field
from typing import Any

from sagas.events import Event


@dataclass(frozen=True)
class MessagesReceived(Event):
    """A batch of one channel's inbound messages, each a dict of :class:`gateways.contract.InboundMessage`."""

    channel_id: str
    messages: list[dict[str, Any]] = field(default_factory=list)

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
class ChannelStateChanged(Event):
    channel_id: str
    state: str
    reason: str
