"""The audience of a campaign as rows: read once in the order of the lists, worded here, and written by COPY while it is worded.

Each row is written once, complete; a second look at a million rows would cost as much as all the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from json import loads
from os import urandom
from time import time
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.models import Campaign, RecipientState, SkipReason, Variant
from campaigns.provenance.links import origin_url
from campaigns.services.audience import (
    LARGE,
    classified,
    known_values,
    ordered_lists,
    parameters_of,
    plan_for,
    rendered,
)
from campaigns.services.audience_rules import AudienceRules
from core.clock import now
from core.phones import extract_phone_from_whatsapp_link
from core.placeholders import GREETING, ORIGIN_LINK, placeholders_in, render_placeholders, varies

BATCH = 5_000
PIECE = 250
"""How many lines the database gets at a time: it writes them while the next ones are worded."""
TIMEOUT = "15min"
SORTING_MEMORY = "64MB"
COLUMNS_OF_CONTACT = {"nome", "nome_completo", "city", "phone", "email", GREETING, ORIGIN_LINK}

# Who has talked with one of the campaign's active numbers stays with it.
_TALKED = """, talked AS MATERIALIZED (
  SELECT DISTINCT ON (v.contact_id) v.contact_id, v.channel_id
  FROM conversations_conversation v
  JOIN campaigns_campaignchannel cc ON cc.channel_id = v.channel_id AND cc.campaign_id = %(campaign)s
  JOIN gateways_channel ch ON ch.id = v.channel_id AND ch.role IN ('active', 'warming') AND ch.removed_at IS NULL
  WHERE v.organization_id = %(organization)s AND v.last_message_at IS NOT NULL
  ORDER BY v.contact_id, v.last_message_at DESC
)
"""
_CHOSEN = """
DECLARE chosen NO SCROLL CURSOR FOR {classified}{talked}
SELECT classified.contact_id::text, phone, reason,
       abs(hashtextextended(classified.contact_id::text || %(campaign)s::text, 0) %% %(weights)s),
       {channel}, name, city, email, whatsapp_link, {attributes}
FROM classified{join}
ORDER BY place, classified.contact_id
"""
_COPY = """
COPY campaigns_recipient
  (id, organization_id, campaign_id, contact_id, variant_id, channel_id, pinned, position, leads_on, phone, body, state, skip_reason)
FROM STDIN
"""
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class Chosen(NamedTuple):
    """A contact in the order of the lists; ``reason`` leaves it out, ``dice`` says which wording it gets."""

    contact_id: str
    phone: str
    reason: str
    dice: int
    channel_id: str | None
    name: str
    city: str
    email: str
    whatsapp_link: str
    attributes: str


@dataclass(frozen=True)
class Wording:
    """A variant ready to be written to many; ``text`` None where it reads differently from one to the next."""

    variant_id: str
    body: str
    text: str | None
    has_link: bool

    @classmethod
    def of(cls, variant: Variant) -> "Wording":
        text = None if varies(variant.body) else render_placeholders(variant.body, {})
        has_link = any(key == ORIGIN_LINK for key, _fallback in placeholders_in(variant.body))
        return cls(str(variant.pk), variant.body, text, has_link)


@transaction.atomic
def build(campaign: Campaign) -> int:
    """Freeze the audience of a campaign that the caller has locked; return how many will receive it.

    The rows and the mark that says they are there appear together, so a build that dies half-way leaves nothing.
    """
    if campaign.audience_built_at is not None:
        return campaign.total
    variants = list(campaign.variants.filter(step=1).order_by("label"))
    with connection.cursor() as cursor:
        campaign.total = _freeze(cursor, campaign, variants)
        if campaign.total >= LARGE:
            cursor.execute("ANALYZE campaigns_recipient")  # claims follow at once, and autovacuum only in a minute
    campaign.audience_built_at = now()
    campaign.save(update_fields=["total", "audience_built_at"])
    return campaign.total


def _freeze(cursor: CursorWrapper, campaign: Campaign, variants: Sequence[Variant]) -> int:
    wordings = [Wording.of(variant) for variant in variants for _share in range(variant.weight)]
    _choose(cursor, campaign, variants)
    receive, position, leads_on = 0, 0, "t" if campaign.steps.exists() else "f"
    while batch := _fetch(cursor):
        lines = _lines(campaign, wordings, batch, position, leads_on)
        with cursor.copy(_COPY) as copy:
            while piece := list(islice(lines, PIECE)):
                receive += sum(receives for receives, _line in piece)
                copy.write("".join(line for _receives, line in piece))
        position += len(batch)
    cursor.execute("CLOSE chosen")
    return receive


def _choose(cursor: CursorWrapper, campaign: Campaign, variants: Sequence[Variant]) -> None:
    """Open the cursor ``chosen`` over everybody who is meant."""
    lists, rules = ordered_lists(campaign), AudienceRules.of(campaign.audience_rules)
    keys = {key for variant in variants for key, _fallback in placeholders_in(variant.body)}
    several = campaign.campaign_channels.count() > 1
    sql = _CHOSEN.format(
        classified=classified(rules),
        talked=_TALKED if several else "",
        channel="talked.channel_id::text" if several else "NULL",
        join=" LEFT JOIN talked ON talked.contact_id = classified.contact_id" if several else "",
        attributes="'{}'" if keys <= COLUMNS_OF_CONTACT else "attributes::text",
    )
    for name, value in (
        ("statement_timeout", TIMEOUT), ("work_mem", SORTING_MEMORY), ("cursor_tuple_fraction", "1"),
    ):  # fmt: skip
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
    plan_for(cursor, lists)
    weights = sum(variant.weight for variant in variants)
    cursor.execute(sql, parameters_of(lists, rules, campaign.pk) | {"weights": weights})


def _fetch(cursor: CursorWrapper) -> list[Any]:
    cursor.execute(f"FETCH {BATCH} FROM chosen")
    return cursor.fetchall()


def _lines(
    campaign: Campaign, wordings: Sequence[Wording], batch: Sequence[Any], before: int, leads_on: str
) -> Iterator[tuple[bool, str]]:
    """Yield each row as a line of COPY, and whether it will be sent."""
    campaign_id, ids = str(campaign.pk), _ids(len(batch))
    owners = f"{campaign.organization_id}\t{campaign_id}"
    for position, (row_id, row) in enumerate(zip(ids, map(Chosen._make, batch), strict=True), before + 1):
        wording = wordings[row.dice]
        text, reason = "", row.reason
        if not reason:
            # A text of placeholders alone, for a contact of whom nothing is known, would be empty.
            text = wording.text if wording.text is not None else _text(campaign_id, wording, row_id, row)
            reason = "" if text else SkipReason.EMPTY.value
        state = RecipientState.SKIPPED.value if reason else RecipientState.QUEUED.value
        channel, pinned = (row.channel_id, "t") if row.channel_id and not reason else ("\\N", "f")
        phone = row.phone if reason or not row.whatsapp_link else _linked_phone(row)
        yield (
            not reason,
            f"{row_id}\t{owners}\t{row.contact_id}\t{wording.variant_id}\t{channel}\t{pinned}\t{position}\t{leads_on}"
            f"\t{phone.translate(_ESCAPED)}\t{text.translate(_ESCAPED)}\t{state}\t{reason}\n",
        )


def _text(campaign_id: str, wording: Wording, row_id: str, row: Chosen) -> str:
    attributes = loads(row.attributes) if len(row.attributes) > 2 else {}
    known = known_values(row.name, row.city, row.phone, row.email, attributes)
    link = origin_url(UUID(row_id)) if wording.has_link else ""
    return rendered(wording.body, known, campaign_id + row.contact_id, link=link)


def _linked_phone(row: Chosen) -> str:
    """Return the phone to write to: that of the contact's WhatsApp link when it names another one."""
    if row.phone.lstrip("+") in row.whatsapp_link:
        return row.phone
    return extract_phone_from_whatsapp_link(row.whatsapp_link) or row.phone


def _ids(count: int) -> Iterator[str]:
    """Yield UUIDv7 as 32 hexadecimal digits: 48 bits of milliseconds, and chance around the bits that say so."""
    stamp, chance = f"{int(time() * 1000):012x}", urandom(10 * count).hex()
    for start in range(0, 20 * count, 20):
        yield f"{stamp}7{chance[start : start + 3]}{'89ab'[int(chance[start + 3], 16) & 3]}{chance[start + 4 : start + 19]}"
