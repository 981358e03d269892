"""The provider's own echo of a send is evidence: it settles what is in doubt, which nobody may send again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from conversations.models import Conversation, Direction, Message, MessageState
from conversations.services.states import apply_known_statuses
from conversations.services.threads import tell_pages
from core.phones import match_key

IN_DOUBT = (MessageState.UNKNOWN, MessageState.SENDING)


def confirm_by_echo(channel_id: str, received: Mapping[str, Any]) -> bool:
    """Give the id of an echo to the oldest send in doubt of this number to this person with exactly this text.

    What is still being sent only keeps the id: should its sender be dead, the sweep finds it there.
    """
    found = _in_doubt(channel_id, received)
    if found is None:
        return False
    found.external_id = received["external_id"]
    if found.state == MessageState.UNKNOWN:
        found.state, found.error, found.error_code = MessageState.SENT, "", ""
        found.sent_at = datetime.fromisoformat(received["at"])
    found.save(update_fields=["external_id", "state", "error", "error_code", "sent_at"])
    apply_known_statuses(found.channel_id, [received["external_id"]])
    newest = Conversation.objects.filter(pk=found.conversation_id, last_message_at=found.at)
    newest.update(last_message_state=found.state)
    tell_pages(found.conversation)
    return True


def _in_doubt(channel_id: str, received: Mapping[str, Any]) -> Message | None:
    if Message.objects.filter(channel_id=channel_id, external_id=received["external_id"]).exists():
        return None
    rows = Message.objects.select_for_update(of=("self",)).filter(
        _to_whom(received), channel_id=channel_id, direction=Direction.OUT, state__in=IN_DOUBT, external_id=None,
        campaign_ref=None, body=received["text"].strip(),
    )  # fmt: skip
    found: Message | None = rows.select_related("conversation").order_by("at", "pk").first()
    return found


def _to_whom(received: Mapping[str, Any]) -> Q:
    known = [value for _kind, value in received["identities"]]
    person = Q(conversation__contact__identities__value__in=known) if known else Q(pk=None)
    return person | Q(conversation__contact__phone_key=match_key(received["phone"])) if received["phone"] else person
