"""What people do to messages afterwards: correct them, take them back, react to them.

Nothing is lost by it: the first wording of a corrected message and the text of one taken back stay, for the team to see.
"""

import logging
from datetime import datetime
from typing import Any

from conversations.models import Conversation, Message
from conversations.search import index_message
from conversations.services.threads import preview, tell_pages

logger = logging.getLogger(__name__)


def apply_change(channel_id: str, change: dict[str, Any]) -> None:
    """Apply one change of :func:`gateways.events.change_payload`; twice, or late after a newer one, changes nothing."""
    rows = Message.objects.select_for_update(of=("self",)).select_related("conversation")
    message = rows.filter(channel_id=channel_id, external_id=change["external_id"]).first()
    if message is None:
        logger.info("change of an unknown message", extra={"channel": channel_id, "kind": change["kind"]})
        return
    if _is_stale(message, change):
        return
    match change["kind"]:
        case "edited":
            _edit(message, change["text"])
        case "reaction":
            _react(message, change)
    message.data = {**message.data, f"{_mark(change)}_at": change["at"]}
    message.save(update_fields=["body", "data"])
    _refresh(message)


def _mark(change: dict[str, Any]) -> str:
    # Each side has a reaction of its own on a message.
    return f"reaction_{_side(change)}" if change["kind"] == "reaction" else str(change["kind"])


def _side(change: dict[str, Any]) -> str:
    return "us" if change["from_me"] else "them"


def _is_stale(message: Message, change: dict[str, Any]) -> bool:
    known = message.data.get(f"{_mark(change)}_at")
    return known is not None and datetime.fromisoformat(known) >= datetime.fromisoformat(change["at"])


def _edit(message: Message, text: str) -> None:
    message.data = {"first_body": message.body, **message.data}
    message.body = text
    message.save(update_fields=["body", "data"])
    index_message(message)


def _react(message: Message, change: dict[str, Any]) -> None:
    reactions = {**message.data.get("reactions", {}), _side(change): change["text"][:16]}
    message.data = {**message.data, "reactions": {side: emoji for side, emoji in reactions.items() if emoji}}


def _refresh(message: Message) -> None:
    newest = Conversation.objects.filter(pk=message.conversation_id, last_message_at=message.at)
    newest.update(last_message_preview=preview(message))
    tell_pages(message.conversation)
