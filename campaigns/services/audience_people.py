"""People of the lists before a campaign is frozen: who is left out for a reason, and whose number somebody is."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from campaigns.services.audience import classified, parameters_of, plan_for
from campaigns.services.audience_rules import AudienceRules
from core.tenancy import current_organization_id
from leads.models import Contact

# Who talked with a number last stays with it, as the frozen audience does.
_TALKED = """
SELECT talked.channel_id, count(*) FROM (
  SELECT DISTINCT ON (v.contact_id) v.contact_id, v.channel_id
  FROM conversations_conversation v
  JOIN leads_contact k ON k.id = v.contact_id AND k.opted_out_at IS NULL AND k.anonymised_at IS NULL AND k.status = 1
  WHERE v.organization_id = %(organization)s AND v.channel_id = ANY(%(channels)s::uuid[]) AND v.last_message_at IS NOT NULL
    AND EXISTS (SELECT 1 FROM leads_listmembership m
                WHERE m.contact_id = v.contact_id AND m.contact_list_id = ANY(%(lists)s::uuid[]) AND m.status = 1)
  ORDER BY v.contact_id, v.last_message_at DESC
) AS talked GROUP BY talked.channel_id
"""
_LEFT_OUT = """
SELECT contact_id, count(*) OVER () FROM classified WHERE reason = %(reason)s ORDER BY place, contact_id LIMIT %(limit)s
"""


def left_out_people(
    list_ids: Sequence[UUID], rules: AudienceRules, campaign_id: UUID | None, reason: str, limit: int
) -> tuple[list[Contact], int]:
    """Return the first people of the lists who are left out for a reason of :class:`campaigns.models.SkipReason`, and how many are."""
    with transaction.atomic(), connection.cursor() as cursor:
        plan_for(cursor, list_ids)
        values = parameters_of(list_ids, rules, campaign_id) | {"reason": reason, "limit": limit}
        cursor.execute(classified(rules) + _LEFT_OUT, values)
        rows: list[tuple[UUID, int]] = cursor.fetchall()
    found = Contact.objects.in_bulk([pk for pk, _count in rows])
    return [found[pk] for pk, _count in rows if pk in found], rows[0][1] if rows else 0


def talked_with(list_ids: Sequence[UUID], channel_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Count the people of the lists who belong to each of these numbers, because they talked with it last."""
    values: dict[str, Any] = {
        "organization": current_organization_id(), "lists": list(list_ids), "channels": list(channel_ids)
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TALKED, values)
        return dict(cursor.fetchall())
