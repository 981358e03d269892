from dataclasses import dataclass

from sagas.events import Event


@dataclass(frozen=True)
class CustomerReplied(Event):
    """A contact wrote; ``is_old`` for messages recovered late, which nobody answers automatically."""

    conversation_id: str
    contact_id: str
    channel_id: str
    message_id: str
    text: str
    at: str
    is_old: bool = False

    @property
    def ordering_key(self) -> str:
        return f"conversation:{self.conversation_id}"


@dataclass(frozen=True)
class HumanReplied(Event):
    """A person answered, in the inbox or on the phone itself."""

    conversation_id: str
    message_id: str

    @property
    def ordering_key(self) -> str:
        return f"conversation:{self.conversation_id}"


@dataclass(frozen=True)
class ConversationClosed(Event):
    conversation_id: str
