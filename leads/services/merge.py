"""Rows into contacts and list places: COPY into a temporary table, then one statement for all of them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection
from django.utils.translation import gettext as _

from core.crypto import fingerprints_for
from core.ids import uuid7
from leads.services.rows import ParsedRow

# Importing never touches the opt-out of a contact that is there. A person who was erased comes back opted out.
_STAGE: Final = """
CREATE TEMP TABLE import_stage (
  id uuid, row_number int, name text, phone text, phone_key text, email text, city text, whatsapp_link text,
  status smallint,
  tags jsonb, attributes jsonb, search text, erased boolean
) ON COMMIT DROP
"""
_COPY: Final = "COPY import_stage FROM STDIN"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

# A person with several phones is known by each of them.
_OTHER_PHONES: Final = """
UPDATE import_stage AS stage SET phone_key = contact.phone_key
FROM leads_contactidentity AS identity
JOIN leads_contact AS contact ON contact.id = identity.contact_id AND contact.phone_key IS NOT NULL
WHERE identity.organization_id = %(organization)s AND identity.kind = 'phone' AND identity.value = stage.phone_key
"""

# The first row of a person counts. Within the chunk DISTINCT ON finds it; a person of an earlier chunk has this import
# as the last one already, so that the row changes nothing and is not returned.
_MERGE: Final = """
WITH firsts AS MATERIALIZED (
  SELECT DISTINCT ON (phone_key) * FROM import_stage ORDER BY phone_key, row_number
), merged AS (
  INSERT INTO leads_contact AS contact
    (id, organization_id, name, phone, phone_key, email, city, whatsapp_link, status, tags, attributes, search, source,
     import_id, last_import_id, opted_out_at, opt_out_reason, created_at, updated_at)
  SELECT id, %(organization)s, name, phone, phone_key, email, city, whatsapp_link, status, tags, attributes,
         search, 'import', %(import)s, %(import)s, CASE WHEN erased THEN now() END,
         CASE WHEN erased THEN %(erased)s ELSE '' END, now(), now()
  FROM firsts
  ON CONFLICT (organization_id, phone_key) DO UPDATE SET
    name = COALESCE(NULLIF(excluded.name, ''), contact.name),
    email = COALESCE(NULLIF(excluded.email, ''), contact.email),
    city = COALESCE(NULLIF(excluded.city, ''), contact.city),
    whatsapp_link = COALESCE(NULLIF(excluded.whatsapp_link, ''), contact.whatsapp_link),
    status = CASE WHEN %(has_status)s THEN excluded.status ELSE contact.status END,
    tags = CASE WHEN contact.tags @> excluded.tags THEN contact.tags
                ELSE (SELECT jsonb_agg(DISTINCT tag)
                      FROM jsonb_array_elements(contact.tags || excluded.tags) AS tag) END,
    attributes = contact.attributes || excluded.attributes,
    search = CASE WHEN strpos(contact.search, excluded.search) > 0 THEN contact.search
                  ELSE left(excluded.search || ' ' || contact.search, 600) END,
    last_import_id = excluded.last_import_id,
    updated_at = now()
  WHERE contact.last_import_id IS DISTINCT FROM excluded.last_import_id
  RETURNING contact.id, contact.phone_key, (xmax = 0) AS is_new
), placed AS (
  INSERT INTO leads_listmembership (id, organization_id, contact_list_id, contact_id, status, row_number, import_id)
  SELECT firsts.id, %(organization)s, %(list)s, merged.id, firsts.status, firsts.row_number, %(import)s
  FROM merged JOIN firsts USING (phone_key)
  ON CONFLICT (contact_list_id, contact_id) DO UPDATE SET status = excluded.status, row_number = excluded.row_number
)
SELECT (SELECT count(*) FROM merged WHERE is_new), (SELECT count(*) FROM merged WHERE NOT is_new),
       ARRAY(SELECT row_number FROM import_stage
             EXCEPT SELECT firsts.row_number FROM merged JOIN firsts USING (phone_key))
"""

_FIRST_ROWS: Final = """
SELECT stage.row_number, place.row_number
FROM import_stage AS stage
JOIN leads_contact AS contact ON contact.organization_id = %(organization)s AND contact.phone_key = stage.phone_key
JOIN leads_listmembership AS place ON place.contact_list_id = %(list)s AND place.contact_id = contact.id
WHERE stage.row_number = ANY(%(duplicates)s)
"""


@dataclass(frozen=True)
class Chunk:
    """Rows of a file that are written together, and those that were read well as a block for COPY."""

    rows: list[ParsedRow]
    good: int
    block: bytes


@dataclass(frozen=True)
class Merged:
    """``duplicates`` maps the number of a repeated row to that of the row which counted."""

    created: int
    updated: int
    duplicates: dict[int, int | None]


def prepare(rows: list[ParsedRow], *, organization_id: UUID, tombstones: Collection[str] = ()) -> Chunk:
    """Make rows ready for the database without asking it anything, so that it can be done while the database works."""
    good = [row for row in rows if not row.reason]
    lines = [_line(row, _is_erased(row, organization_id, tombstones)) for row in good]
    return Chunk(rows, len(good), "".join(lines).encode())


def _is_erased(row: ParsedRow, organization_id: UUID, tombstones: Collection[str]) -> bool:
    return bool(tombstones) and any(mark in tombstones for mark in fingerprints_for(organization_id, row.phone_key))


def _line(row: ParsedRow, erased: bool) -> str:
    fields = (
        str(uuid7()), str(row.number), row.name, row.phone, row.phone_key, row.email, row.city, row.whatsapp_link,
        "1" if row.status else "0", orjson.dumps(row.tags).decode() if row.tags else "[]",
        orjson.dumps(row.attributes).decode() if row.attributes else "{}", row.search, "t" if erased else "f",
    )  # fmt: skip
    line = "\t".join(fields)
    # The text format of COPY: few cells hold what it has to escape.
    if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != len(fields) - 1:
        line = "\t".join(field.translate(_ESCAPES) for field in fields)
    return line + "\n"


def merge_chunk(
    chunk: Chunk,
    *,
    organization_id: UUID,
    import_id: UUID,
    list_id: UUID,
    has_status: bool,
    meanwhile: Callable[[], None] = lambda: None,
) -> Merged:
    """Write the good rows as contacts of the list, in the caller's transaction.

    Without a status column new contacts get 1 and known ones keep theirs. ``meanwhile`` is called right before the one
    long statement.
    """
    if not chunk.good:
        return Merged(0, 0, {})
    values: dict[str, Any] = {
        "organization": organization_id, "import": import_id, "list": list_id, "has_status": has_status,
        "erased": _("Data erased at the person's own request"),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy(_COPY) as copy:
            copy.write(chunk.block)
        cursor.execute("ANALYZE import_stage (phone_key)")
        cursor.execute(_OTHER_PHONES, values)
        meanwhile()
        cursor.execute(_MERGE, values)
        created, updated, repeated = cursor.fetchone()
        duplicates: dict[int, int | None] = dict.fromkeys(repeated)
        if duplicates:
            cursor.execute(_FIRST_ROWS, values | {"duplicates": repeated})
            duplicates |= dict(cursor.fetchall())
        cursor.execute("DROP TABLE import_stage")
    return Merged(created, updated, duplicates)
