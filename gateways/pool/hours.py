"""What people wrote to each number, counted by the hour: the measure of answers, of good hours and of silence."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from gateways.contract import InboundMessage
from gateways.models import Channel

_ADD = """
INSERT INTO gateways_channelhour (id, organization_id, channel_id, hour, received, people)
SELECT gen_random_uuid(), %s, %s, new.* FROM unnest(%s::timestamptz[], %s::int[], %s::int[]) AS new(hour, received, people)
ON CONFLICT (organization_id, channel_id, hour) DO UPDATE SET
  received = gateways_channelhour.received + excluded.received, people = gateways_channelhour.people + excluded.people
"""


def note_received(channel: Channel, messages: Sequence[InboundMessage]) -> None:
    """Count a batch of messages in the hours in which they were written; our own say nothing."""
    found: dict[datetime, list[str]] = {}
    for message in messages:
        if not message.from_me:
            found.setdefault(message.at.replace(minute=0, second=0, microsecond=0), []).append(message.chat_id)
    if not found:
        return
    hours = sorted(found)
    counts = [len(found[hour]) for hour in hours], [len(set(found[hour])) for hour in hours]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [channel.organization_id, channel.pk, hours, *counts])
