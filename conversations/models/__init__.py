from conversations.models.conversation import Conversation, ConversationStatus, Handler
from conversations.models.message import Attachment, Direction, Message, MessageState, Origin

__all__ = [
    "Attachment",
    "Conversation",
    "ConversationStatus",
    "Direction",
    "Handler",
    "Message",
    "MessageState",
    "Origin",
]
