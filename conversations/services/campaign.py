"""Campaign messages in the threads: written in batches by the campaign sender when it settles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from conversations.search import searchable
from conversations.services.number_changes import note_number_changes
from conversations.services.threads import one_line
from core.ids import uuid7

# Two campaigns may have written to one person by one number in the same moment: that is one thread, with the newer message.
_THREADS = """
INSERT INTO conversations_conversation
  (id, organization_id, contact_id, channel_id, status, handler, created_at, last_message_at, last_message_preview,
   last_message_direction, last_message_state)
SELECT DISTINCT ON (new.contact, new.channel)
       new.id, %(organization)s, new.contact, new.channel, 'waiting', 'bot', now(), new.at, new.preview, 'out', new.state
FROM unnest(%(threads)s::uuid[], %(contacts)s::uuid[], %(channels)s::uuid[], %(ats)s::timestamptz[], %(previews)s::text[],
            %(states)s::text[]) AS new(id, contact, channel, at, preview, state)
ORDER BY new.contact, new.channel, new.at DESC
ON CONFLICT (organization_id, contact_id, channel_id) WHERE NOT (status = 'closed') DO UPDATE SET
  last_message_at = excluded.last_message_at, last_message_preview = excluded.last_message_preview,
  last_message_direction = 'out', last_message_state = excluded.last_message_state
-- Who answers fast stands in the thread before the batch is written.
WHERE excluded.last_message_at >= COALESCE(conversations_conversation.last_message_at, '-infinity')
"""

# An id that another message of the number has already, because a gateway gave it twice, is nobody's evidence: it is not kept.
_MESSAGES = """
INSERT INTO conversations_message
  (id, organization_id, conversation_id, channel_id, direction, origin, kind, body, state, external_id, campaign_ref, at,
   created_at, sent_at, error, error_code, search)
SELECT new.id, %(organization)s, thread.id, new.channel, 'out', 'campaign', 'text', new.body, new.state,
       CASE WHEN new.external <> '' AND new.nth = 1 AND NOT EXISTS (
         SELECT 1 FROM conversations_message m
         WHERE m.channel_id = new.channel AND m.external_id = new.external AND m.campaign_ref IS DISTINCT FROM new.recipient
       ) THEN new.external END,
       new.recipient, new.at, now(), CASE WHEN new.state = 'sent' THEN new.at END, '', '',
       array_to_tsvector(string_to_array(new.words, ' '))
FROM (
  SELECT *, row_number() OVER (PARTITION BY given.channel, given.external) AS nth
  FROM unnest(%(messages)s::uuid[], %(contacts)s::uuid[], %(channels)s::uuid[], %(ats)s::timestamptz[], %(bodies)s::text[],
              %(states)s::text[], %(externals)s::text[], %(recipients)s::uuid[], %(words)s::text[])
    AS given(id, contact, channel, at, body, state, external, recipient, words)
) AS new
JOIN conversations_conversation AS thread ON thread.organization_id = %(organization)s AND thread.contact_id = new.contact
  AND thread.channel_id = new.channel AND thread.status <> 'closed'
ON CONFLICT (organization_id, campaign_ref) DO UPDATE SET
  state = excluded.state, external_id = COALESCE(excluded.external_id, conversations_message.external_id)
"""


@dataclass(frozen=True)
class CampaignMessage:
    """One settled campaign send; ``state`` is sent, failed or unknown."""

    recipient_id: UUID
    contact_id: UUID
    channel_id: UUID
    body: str
    state: str
    external_id: str
    at: datetime


def record_campaign_messages(organization_id: UUID, rows: Sequence[CampaignMessage]) -> None:
    """Write a batch of sends into their threads, opening waiting ones; writing a send twice changes nothing."""
    if not rows:
        return
    values: dict[str, Any] = {
        "organization": organization_id,
        "threads": [uuid7() for _ in rows],
        "messages": [uuid7() for _ in rows],
        "contacts": [row.contact_id for row in rows],
        "channels": [row.channel_id for row in rows],
        "ats": [row.at for row in rows],
        "bodies": [row.body for row in rows],
        "previews": [one_line(row.body) for row in rows],
        "states": [row.state for row in rows],
        "externals": [row.external_id for row in rows],
        "recipients": [row.recipient_id for row in rows],
        "words": [searchable(organization_id, row.body) for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_THREADS, values)
        cursor.execute(_MESSAGES, values)
    note_number_changes(values["contacts"], values["channels"])
