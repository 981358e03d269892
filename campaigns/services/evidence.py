"""Positive evidence for sends whose end nobody knows: the provider's own echo of them, which carries their id."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from campaigns.models import Campaign, RecipientState
from campaigns.services.statuses import apply_known_statuses
from campaigns.services.transitions import tell
from conversations.services.campaign import CampaignMessage, record_campaign_messages
from core.phones import match_key
from core.placeholders import CAPITAL, END, WITHIN, without_signs

# An echo belongs to the claimed or unknown send of this number to this person with exactly this text, unless another row
# has its id. A row that is still being sent only keeps the id: if its sender is dead, the sweep finds it there.
_CONFIRM = """
WITH echo AS MATERIALIZED (
  SELECT DISTINCT ON (e.external_id) e.*
  FROM unnest(%(ids)s::text[], %(keys)s::text[], %(chats)s::text[], %(texts)s::text[], %(ats)s::timestamptz[])
    AS e(external_id, phone_key, chat_id, body, at)
  WHERE NOT EXISTS (SELECT 1 FROM campaigns_recipient k WHERE k.channel_id = %(channel)s AND k.external_id = e.external_id)
), contact AS (
  SELECT echo.external_id, k.id FROM echo
  JOIN leads_contact k ON k.organization_id = %(organization)s AND k.phone_key = echo.phone_key
  UNION
  SELECT echo.external_id, k.id FROM echo
  JOIN gateways_numbercheck n ON n.channel_id = %(channel)s AND n.chat_id = echo.chat_id AND n.chat_id <> ''
  JOIN leads_contact k ON k.organization_id = %(organization)s AND k.phone = n.phone
), found AS MATERIALIZED (
  SELECT DISTINCT ON (r.id) r.id, r.state AS was, echo.external_id, echo.at
  FROM echo
  JOIN contact ON contact.external_id = echo.external_id
  JOIN campaigns_recipient r ON r.organization_id = %(organization)s AND r.contact_id = contact.id
    AND r.channel_id = %(channel)s AND r.state IN ('sending', 'unknown') AND r.external_id IS NULL
    AND btrim(translate(r.body, %(signs)s, '')) = btrim(echo.body)
  ORDER BY r.id, echo.at
)
UPDATE campaigns_recipient r SET
  external_id = found.external_id,
  state = CASE WHEN r.state = 'unknown' THEN 'sent' ELSE r.state END,
  error = CASE WHEN r.state = 'unknown' THEN '' ELSE r.error END,
  error_code = CASE WHEN r.state = 'unknown' THEN '' ELSE r.error_code END,
  sent_at = COALESCE(r.sent_at, found.at)
FROM found
WHERE r.id = found.id AND r.external_id IS NULL AND r.state IN ('sending', 'unknown')
RETURNING r.id, r.campaign_id, r.contact_id, r.body, r.state, r.external_id, found.at
"""


@transaction.atomic
def confirm_by_echoes(organization_id: UUID, channel_id: UUID, echoes: Sequence[Mapping[str, Any]]) -> int:
    """Match messages that the provider says our API sent with sends in doubt; return how many were settled by it.

    ``echoes`` are messages of :class:`gateways.events.MessagesReceived` with ``from_api``.
    """
    if not echoes:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_CONFIRM, _parameters(organization_id, channel_id, echoes))
        rows: list[Any] = cursor.fetchall()
    sent = [row for row in rows if row[4] == RecipientState.SENT]
    record_campaign_messages(
        organization_id,
        [CampaignMessage(pk, contact, channel_id, without_signs(body), state, external_id, at)
         for pk, _campaign, contact, body, state, external_id, at in sent],
    )  # fmt: skip
    for campaign_id, count in sorted(Counter(row[1] for row in sent).items()):
        Campaign.objects.filter(pk=campaign_id).update(sent_count=F("sent_count") + count)
        tell(organization_id, campaign_id)
    apply_known_statuses(channel_id, [row[5] for row in rows])
    return len(sent)


def _parameters(organization_id: UUID, channel_id: UUID, echoes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "organization": organization_id,
        "channel": channel_id,
        "signs": CAPITAL + WITHIN + END,
        "ids": [echo["external_id"] for echo in echoes],
        "keys": [match_key(echo["phone"]) if echo["phone"] else None for echo in echoes],
        "chats": [echo["chat_id"] for echo in echoes],
        "texts": [echo["text"] for echo in echoes],
        "ats": [datetime.fromisoformat(echo["at"]) for echo in echoes],
    }
