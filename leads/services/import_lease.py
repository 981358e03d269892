"""Who works on an import: one worker at a time, and one import at a time in each organization.

The clock is the database's. A worker that lost its lease finds out inside its next transaction, which then leaves
nothing.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection, transaction

from core.tenancy import current_organization_id

SECONDS: Final = 120

_TAKE = """
UPDATE leads_import AS mine
SET lease_until = clock_timestamp() + make_interval(secs => %(seconds)s), lease_token = %(token)s,
    attempts = attempts + 1,
    state = CASE state WHEN 'queued' THEN 'running' ELSE state END, started_at = COALESCE(started_at, clock_timestamp())
WHERE id = %(import)s AND organization_id = %(organization)s AND state IN ('queued', 'running', 'undoing')
  AND (lease_until IS NULL OR lease_until < clock_timestamp())
  AND NOT EXISTS (
    SELECT 1 FROM leads_import AS other
    WHERE other.organization_id = %(organization)s AND other.id <> mine.id
      AND other.state IN ('running', 'undoing') AND other.lease_until > clock_timestamp()
  )
"""


class LeaseLostError(RuntimeError):
    """Another worker has the import by now."""


@dataclass(frozen=True)
class Lease:
    import_id: UUID
    token: UUID


@transaction.atomic
def take_lease(import_id: UUID) -> Lease | None:
    """Take an import that is in line; None when it is done, taken, or another of the organization's is at work."""
    lease = Lease(import_id, uuid4())
    values: dict[str, Any] = {
        "organization": current_organization_id(), "import": import_id, "token": lease.token, "seconds": SECONDS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        # Two imports of one organization must not both see the other one idle.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"leads.import:{values['organization']}"]
        )
        cursor.execute(_TAKE, values)
        return lease if cursor.rowcount == 1 else None


def keep_lease(lease: Lease) -> None:
    """Prolong the lease and lock the import until the transaction ends; raises :class:`LeaseLostError`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_import SET lease_until = clock_timestamp() + make_interval(secs => %s) "
            "WHERE id = %s AND lease_token = %s AND state IN ('running', 'undoing')",
            [SECONDS, lease.import_id, lease.token],
        )
        if cursor.rowcount != 1:
            raise LeaseLostError(str(lease.import_id))


def drop_lease(lease: Lease) -> None:
    """Let the next worker go on at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_import SET lease_until = NULL, lease_token = NULL WHERE id = %s AND lease_token = %s",
            [lease.import_id, lease.token],
        )
