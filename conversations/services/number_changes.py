"""Who talked with a number of ours that died goes on with the one in its place: both threads say so, once."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from conversations.models import Conversation, ConversationStatus, Direction, Message, MessageState, Origin
from gateways.models import IncidentKind, PoolIncident


def note_number_changes(contacts: Collection[UUID], channels: Collection[UUID]) -> None:
    """Put a line into the threads of these contacts at these numbers, and into those at the numbers that they stand in for."""
    for incident in _replacements(channels):
        before = _threads(contacts, incident.channel_id).filter(created_at__lt=incident.replaced_at)
        former = dict(before.values_list("contact_id", "pk"))
        present = (
            dict(_threads(list(former), incident.replaced_by_id).values_list("contact_id", "pk")) if former else {}
        )
        pairs = [(former[contact_id], thread_id) for contact_id, thread_id in present.items()]
        lines = [_line(incident, incident.channel_id, old, new) for old, new in pairs]
        lines += [_line(incident, incident.replaced_by_id, new, old) for old, new in pairs]
        Message.objects.bulk_create(lines, ignore_conflicts=True)


def _replacements(channels: Collection[UUID]) -> list[Any]:
    """Return the newest incident of each number that these stand in for; whoever stands in for a removed one has stayed."""
    rows = PoolIncident.objects.filter(replaced_by__in=set(channels), replaced_at__isnull=False)
    still = Q(replaced_by__stands_in_for=F("channel")) | Q(channel__removed_at__isnull=False)
    rows = rows.exclude(kind=IncidentKind.ROTATION).filter(still).select_related("channel", "replaced_by")
    return list({(one.channel_id, one.replaced_by_id): one for one in rows.order_by("replaced_at")}.values())


def _threads(contacts: Collection[UUID], channel_id: UUID | None) -> Any:
    threads = Conversation.objects.filter(contact_id__in=contacts, channel_id=channel_id)
    return threads.exclude(status=ConversationStatus.CLOSED)


def _line(incident: Any, channel_id: UUID, thread_id: UUID, other_id: UUID) -> Message:
    # At the moment of the change: before all that the other number said, after all that the first one did.
    return Message(
        organization_id=incident.organization_id, conversation_id=thread_id, channel_id=channel_id,
        direction=Direction.EVENT, origin=Origin.SYSTEM, state=MessageState.RECEIVED, at=incident.replaced_at,
        client_key=f"number:{incident.pk}:{thread_id}",
        data={
            "code": "number_changed", "from": incident.channel.name, "to": incident.replaced_by.name, "thread": str(other_id),
        },
    )  # fmt: skip
