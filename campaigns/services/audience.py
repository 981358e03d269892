"""Who receives a campaign: chosen and frozen by a few SQL statements, whatever the size of the lists.

The preview of the wizard and the frozen rows come from the same classification, so the counts shown before are the counts
found after. Whoever is left out gets a ``skipped`` row with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.models import Campaign, Recipient, RecipientState, SkipReason, Variant
from campaigns.provenance.links import origin_url
from campaigns.services.audience_rules import AudienceRules
from core.clock import now
from core.phones import extract_phone_from_whatsapp_link
from core.placeholders import GREETING, HELD_GREETING, ORIGIN_LINK, render_placeholders, varies
from core.tenancy import current_organization_id
from leads.models import Contact, ListMembership

EVERYBODY = AudienceRules()
NO_CAMPAIGN = UUID(int=0)
BATCH = 1_000
LARGE = 2_000
BUILD_TIMEOUT = "15min"

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
  SELECT c.id AS contact_id, c.phone, member.place, member.places,
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

# The id is a UUIDv7 made by the database: 48 bits of milliseconds over a random UUIDv4, version bits set to 7.
_FREEZE = """
INSERT INTO campaigns_recipient
  (id, organization_id, campaign_id, contact_id, variant_id, position, phone, body, state, skip_reason)
SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
              PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
              52, 1), 53, 1), 'hex')::uuid,
       %(organization)s, %(campaign)s, chosen.contact_id, variant.id, chosen.position, chosen.phone,
       CASE WHEN chosen.reason = '' THEN variant.body ELSE '' END,
       CASE WHEN chosen.reason = '' THEN 'queued' ELSE 'skipped' END, chosen.reason
FROM (
  SELECT contact_id, phone, reason, row_number() OVER (ORDER BY place, contact_id) AS position,
         abs(hashtextextended(contact_id::text || %(campaign)s::text, 0) %% %(weights)s) AS dice
  FROM classified
) AS chosen
JOIN unnest(%(variants)s::uuid[], %(bodies)s::text[], %(lows)s::int[], %(highs)s::int[]) AS variant(id, body, low, high)
  ON chosen.dice >= variant.low AND chosen.dice < variant.high
ON CONFLICT (campaign_id, contact_id) DO NOTHING
"""

# Who has talked with one of the campaign's active numbers stays with it.
_PIN = """
UPDATE campaigns_recipient r SET channel_id = talked.channel_id, pinned = true
FROM (
  SELECT DISTINCT ON (v.contact_id) v.contact_id, v.channel_id
  FROM conversations_conversation v
  JOIN campaigns_campaignchannel cc ON cc.channel_id = v.channel_id AND cc.campaign_id = %(campaign)s
  JOIN gateways_channel ch ON ch.id = v.channel_id AND ch.role IN ('active', 'warming') AND ch.removed_at IS NULL
  WHERE v.organization_id = %(organization)s AND v.last_message_at IS NOT NULL
  ORDER BY v.contact_id, v.last_message_at DESC
) AS talked
WHERE r.campaign_id = %(campaign)s AND r.contact_id = talked.contact_id AND r.state = 'queued'
"""

_RENDERED = """
UPDATE campaigns_recipient r SET body = new.body, phone = new.phone
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS new(id, body, phone)
WHERE r.id = new.id
"""

# A text of placeholders alone, for a contact of whom nothing is known.
_EMPTY = """
UPDATE campaigns_recipient SET state = 'skipped', skip_reason = 'empty'
WHERE campaign_id = %(campaign)s AND state = 'queued' AND body = ''
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
        _plan_for(cursor, list_ids)
        cursor.execute(_classified(rules) + _PREVIEW, _parameters(list_ids, rules, campaign_id))
        rows: list[tuple[str, int, int, int]] = cursor.fetchall()
        if not rows and rules.chooses:
            cursor.execute(_MEMBERS, _parameters(list_ids, rules, campaign_id))
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


@transaction.atomic
def build(campaign: Campaign) -> int:
    """Freeze the audience of a campaign that the caller has locked; return how many will receive it.

    The rows and the mark that says they are there appear together, so a build that dies half-way leaves nothing.
    """
    if campaign.audience_built_at is not None:
        return campaign.total
    variants = list(campaign.variants.order_by("label"))
    lists = ordered_lists(campaign)
    rules = AudienceRules.of(campaign.audience_rules)
    parameters = _parameters(lists, rules, campaign.pk) | _variant_parameters(campaign, variants)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [BUILD_TIMEOUT])
        _plan_for(cursor, lists)
        cursor.execute(_classified(rules) + _FREEZE, parameters)
        if cursor.rowcount >= LARGE:
            cursor.execute("ANALYZE campaigns_recipient")  # claims follow at once, and autovacuum only in a minute
        if campaign.campaign_channels.count() > 1:
            cursor.execute(_PIN, parameters)
        _personalise(campaign, variants)
        cursor.execute(_EMPTY, parameters)
    campaign.total = Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED).count()
    campaign.audience_built_at = now()
    campaign.save(update_fields=["total", "audience_built_at"])
    return campaign.total


def ordered_lists(campaign: Campaign) -> list[UUID]:
    """Return the campaign's lists in the order in which they were chosen."""
    return list(campaign.campaign_lists.order_by("pk").values_list("contact_list_id", flat=True))


def values_of(contact: Contact) -> dict[str, str]:
    """Return what the placeholders of a message stand for, for one contact."""
    values = {key: str(value) for key, value in contact.attributes.items() if value is not None}
    known = {"nome": contact.name, "city": contact.city, "phone": contact.phone, "email": contact.email}
    return values | {key: value for key, value in known.items() if value}


def render_for(
    body: str, contact: Contact, campaign_id: UUID | str, *, link: str = "", greeting: str = HELD_GREETING
) -> str:
    """Return the message exactly as this contact of this campaign will receive it; the greeting stays open until it leaves.

    ``link`` is the page that says why it was received.
    """
    values = {GREETING: greeting, ORIGIN_LINK: link} | values_of(contact)
    return render_placeholders(body, values, seed=f"{campaign_id}{contact.pk}")


def _plan_for(cursor: CursorWrapper, list_ids: Sequence[UUID]) -> None:
    """Keep the planner from joining a large list row by row: right after an import its statistics still say "empty"."""
    places = ListMembership.objects.filter(contact_list__in=list_ids)[:LARGE].count()
    cursor.execute("SELECT set_config('enable_nestloop', %s, true)", ["off" if places >= LARGE else "on"])


def _classified(rules: AudienceRules) -> str:
    found = rules.reasons()
    return _CLASSIFIED.format(
        sets="".join(
            f", {reason} AS MATERIALIZED (SELECT DISTINCT contact_id FROM ({sql}) AS s)" for reason, sql in found
        ),
        joins="".join(f" LEFT JOIN {reason} ON {reason}.contact_id = member.contact_id" for reason, _sql in found),
        cases="".join(f" WHEN {reason}.contact_id IS NOT NULL THEN '{reason}'" for reason, _sql in found),
        meant=rules.condition(),
    )


def _parameters(list_ids: Sequence[UUID], rules: AudienceRules, campaign_id: UUID | None) -> dict[str, Any]:
    return {
        "organization": current_organization_id(),
        "lists": list(list_ids),
        "campaign": campaign_id or NO_CAMPAIGN,
        **rules.parameters(),
    }


def _variant_parameters(campaign: Campaign, variants: list[Variant]) -> dict[str, Any]:
    highs = [sum(variant.weight for variant in variants[: index + 1]) for index in range(len(variants))]
    return {
        "campaign": campaign.pk,
        "variants": [variant.pk for variant in variants],
        "bodies": [
            variant.body if varies(variant.body) else render_placeholders(variant.body, {}) for variant in variants
        ],
        "lows": [0, *highs[:-1]],
        "highs": highs,
        "weights": highs[-1],
    }


def _personalise(campaign: Campaign, variants: list[Variant]) -> None:
    """Write each contact's own text, and the phone of its WhatsApp link where that differs, in batches."""
    bodies = {variant.pk: variant.body for variant in variants if varies(variant.body)}
    rows = Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED).select_related("contact")
    rows = rows if bodies else rows.exclude(contact__whatsapp_link="")
    rows = rows.only("position", "campaign_id", "variant_id", "body", "phone", "contact__name", "contact__city", "contact__phone",
                     "contact__email", "contact__attributes", "contact__whatsapp_link")  # fmt: skip
    position = 0
    while batch := list(rows.filter(position__gt=position).order_by("position")[:BATCH]):
        position = batch[-1].position
        _write_batch(batch, bodies)


def _write_batch(batch: list[Recipient], bodies: dict[UUID, str]) -> None:
    texts = [
        render_for(bodies[r.variant_id], r.contact, r.campaign_id, link=origin_url(r.pk))
        if r.variant_id in bodies
        else r.body
        for r in batch
    ]
    phones = [_phone_of(r.contact) for r in batch]
    with connection.cursor() as cursor:
        cursor.execute(_RENDERED, [[r.pk for r in batch], texts, phones])


def _phone_of(contact: Contact) -> str:
    """Return the phone to write to: that of the contact's WhatsApp link when it names another one."""
    link = contact.whatsapp_link
    if not link or contact.phone.lstrip("+") in link:
        return contact.phone
    return extract_phone_from_whatsapp_link(link) or contact.phone
