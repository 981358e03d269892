"""Webhooks at rest: any number of them in one INSERT, a repeated one only counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.db import connection

# Ids are drawn in the order of arrival, for that is the order of processing; rows are written in the order of their
# keys, so that two processes which hold the same repeated webhooks wait for each other and never lock each other out.
_INSERT = """
WITH arrived AS MATERIALIZED (
  SELECT nextval(pg_get_serial_sequence('gateways_receipt', 'id')) AS id, organization, channel, key, body, repeats
  FROM unnest(%b::uuid[], %b::uuid[], %b::text[], %b::bytea[], %b::int4[])
    AS given(organization, channel, key, body, repeats)
)
INSERT INTO gateways_receipt AS known (id, organization_id, channel_id, dedupe_key, body, duplicates)
SELECT id, organization, channel, key, body, repeats FROM arrived ORDER BY channel, key
ON CONFLICT (channel_id, dedupe_key) DO UPDATE SET duplicates = known.duplicates + excluded.duplicates + 1
RETURNING organization_id, channel_id, (xmax = 0)
"""

Address = tuple[UUID, UUID]
"""The ids of an organization and of its channel."""


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A webhook to be stored; the body's secrets are redacted already."""

    organization_id: UUID
    channel_id: UUID
    dedupe_key: str
    body: bytes

    @property
    def address(self) -> Address:
        return self.organization_id, self.channel_id


def insert_receipts(receipts: Sequence[NewReceipt]) -> set[Address]:
    """Store the webhooks with one statement; return the addresses that have something new to process."""
    first: dict[tuple[UUID, str], NewReceipt] = {}
    repeats: dict[tuple[UUID, str], int] = {}
    for receipt in receipts:
        key = (receipt.channel_id, receipt.dedupe_key)
        repeats[key] = repeats[key] + 1 if key in first else 0
        first.setdefault(key, receipt)
    rows = list(first.values())
    values = (
        [row.organization_id for row in rows],
        [row.channel_id for row in rows],
        [row.dedupe_key for row in rows],
        [row.body for row in rows],
        list(repeats.values()),
    )
    return {(organization, channel) for organization, channel, is_new in _execute(values) if is_new}


def _execute(values: tuple[Sequence[object], ...]) -> list[tuple[UUID, UUID, bool]]:
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        # Past Django's cursor, which binds on the client: bodies go as they are, and the statement is prepared once.
        cursor.execute(_INSERT, values, prepare=True)
        return cursor.fetchall()
