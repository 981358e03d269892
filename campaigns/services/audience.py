"""Who receives a campaign: chosen by one SQL statement, whatever the size of the lists; and how a message reads for each.

The preview of the wizard and the rows of :mod:`campaigns.services.freezing` come from the same classification, so the counts
shown before are the counts found after. Whoever is left out gets a ``skipped`` row with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.models import Campaign, SkipReason
from campaigns.services.audience_rules import AudienceRules
from core.placeholders import GREETING, HELD_GREETING, ORIGIN_LINK, render_placeholders
from core.tenancy import current_organization_id
from leads.models import Contact, ListMembership

EVERYBODY = AudienceRules()
NO_CAMPAIGN = UUID(int=0)
LARGE = 2_000

# One row per contact of the lists that is meant, in the order of the lists, with the reason that leaves it out ('' for none).
_CLASSIFIED = """
WITH member AS MATERIALIZED (
  SELECT m.contact_id, bool_or(m.status = 1) AS wanted, count(*) AS places,
         min(array_position(%(lists)s::uuid[], m.contact_list_id)::bigint * 10000000000 + COALESCE(m.row_number, 4000000000)) AS place
  FROM leads_listmembership m
  WHERE m.organization_id = %(organization)s AND m.contact_list_id = ANY(%(lists)s::uuid[])
  GROUP BY m.contact_id
), tired AS MATERIALIZED (
  SELECT r.contact_id
  FROM campaigns_recipient r
  JOIN leads_contact c ON c.id = r.contact_id
  WHERE r.organization_id = %(organization)s AND r.state IN ('sent', 'delivered', 'read')
    AND r.sent_at > COALESCE(c.last_seen_at, '-infinity')
  GROUP BY r.contact_id
  HAVING count(*) >= %(unanswered)s
){sets}, classified AS (
  SELECT c.id AS contact_id, c.phone, c.name, c.city, c.email, c.whatsapp_link, c.attributes, member.place, member.places,
         CASE WHEN c.anonymised_at IS NOT NULL THEN 'anonymised'
              WHEN c.phone = '' THEN 'no_phone'
              WHEN c.opted_out_at IS NOT NULL THEN 'opted_out'
              WHEN c.status <> 1 OR NOT member.wanted THEN 'status'
              WHEN tired.contact_id IS NOT NULL THEN 'unanswered'{cases}
              ELSE '' END AS reason
  FROM member
  JOIN leads_contact c ON c.organization_id = %(organization)s AND c.id = member.contact_id
  LEFT JOIN tired ON tired.contact_id = member.contact_id{joins}
  WHERE {meant}
)
"""

_PREVIEW = """
SELECT reason, count(*), sum(places - 1), (SELECT count(*) FROM member) FROM classified GROUP BY reason
"""

_MEMBERS = """
SELECT count(DISTINCT contact_id) FROM leads_listmembership
WHERE organization_id = %(organization)s AND contact_list_id = ANY(%(lists)s::uuid[])
"""


@dataclass(frozen=True)
class AudienceCounts:
    """``total`` people of the lists are meant; ``receives`` and the reasons of ``left_out`` add up to it. ``outside`` more are in
    the lists and not meant. ``duplicates`` counts the further places of people who are in more than one list; nobody receives
    a campaign twice."""

    total: int
    receives: int
    left_out: Mapping[SkipReason, int] = field(default_factory=dict)
    duplicates: int = 0
    outside: int = 0


def preview_audience(
    list_ids: Sequence[UUID], rules: AudienceRules = EVERYBODY, campaign_id: UUID | None = None
) -> AudienceCounts:
    """Count who would receive a campaign to these lists of the active organization now, and who not and why.

    ``campaign_id`` is the campaign that is asked about, whose own recipients count for nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        plan_for(cursor, list_ids)
        cursor.execute(classified(rules) + _PREVIEW, parameters_of(list_ids, rules, campaign_id))
        rows: list[tuple[str, int, int, int]] = cursor.fetchall()
        if not rows and rules.chooses:
            cursor.execute(_MEMBERS, parameters_of(list_ids, rules, campaign_id))
            return AudienceCounts(0, 0, outside=cursor.fetchone()[0])
    counts = {reason: count for reason, count, _again, _members in rows}
    total = sum(counts.values())
    return AudienceCounts(
        total=total,
        receives=counts.get("", 0),
        left_out={reason: counts[reason] for reason in SkipReason if reason and reason in counts},
        duplicates=int(sum(again for _reason, _count, again, _members in rows)),
        outside=rows[0][3] - total if rows else 0,
    )


def preview_of(campaign: Campaign) -> AudienceCounts:
    """Count who would receive a campaign as it is written now."""
    return preview_audience(ordered_lists(campaign), AudienceRules.of(campaign.audience_rules), campaign.pk)


def ordered_lists(campaign: Campaign) -> list[UUID]:
    """Return the campaign's lists in the order in which they were chosen."""
    return list(campaign.campaign_lists.order_by("pk").values_list("contact_list_id", flat=True))


def values_of(contact: Contact) -> dict[str, str]:
    """Return what the placeholders of a message stand for, for one contact."""
    return known_values(contact.name, contact.city, contact.phone, contact.email, contact.attributes)


def known_values(name: str, city: str, phone: str, email: str, attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of placeholders by their keys; what a contact's own field says wins over an attribute."""
    values = {key: str(value) for key, value in attributes.items() if value is not None}
    known = {"nome": name, "city": city, "phone": phone, "email": email}
    return values | {key: value for key, value in known.items() if value}


def render_for(
    body: str, contact: Contact, campaign_id: UUID | str, *, link: str = "", greeting: str = HELD_GREETING
) -> str:
    """Return the message exactly as this contact of this campaign will receive it; the greeting stays open until it leaves.

    ``link`` is the page that says why it was received.
    """
    return rendered(body, values_of(contact), f"{campaign_id}{contact.pk}", link=link, greeting=greeting)


def rendered(body: str, known: Mapping[str, str], seed: str, *, link: str, greeting: str = HELD_GREETING) -> str:
    """Return a message with these values; choices follow the seed, the campaign's and the contact's id one after the other."""
    return render_placeholders(body, {GREETING: greeting, ORIGIN_LINK: link, **known}, seed=seed)


def plan_for(cursor: CursorWrapper, list_ids: Sequence[UUID]) -> None:
    """Keep the planner from joining a large list row by row: right after an import its statistics still say "empty"."""
    places = ListMembership.objects.filter(contact_list__in=list_ids)[:LARGE].count()
    cursor.execute("SELECT set_config('enable_nestloop', %s, true)", ["off" if places >= LARGE else "on"])


def classified(rules: AudienceRules) -> str:
    found = rules.reasons()
    return _CLASSIFIED.format(
        sets="".join(
            f", {reason} AS MATERIALIZED (SELECT DISTINCT contact_id FROM ({sql}) AS s)" for reason, sql in found
        ),
        joins="".join(f" LEFT JOIN {reason} ON {reason}.contact_id = member.contact_id" for reason, _sql in found),
        cases="".join(f" WHEN {reason}.contact_id IS NOT NULL THEN '{reason}'" for reason, _sql in found),
        meant=rules.condition(),
    )


def parameters_of(list_ids: Sequence[UUID], rules: AudienceRules, campaign_id: UUID | None) -> dict[str, Any]:
    return {
        "organization": current_organization_id(),
        "lists": list(list_ids),
        "campaign": campaign_id or NO_CAMPAIGN,
        **rules.parameters(),
    }
