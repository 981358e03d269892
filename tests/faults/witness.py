"""A witness inside the database: writes down, at the moment of each claim, what was committed about whom it is for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

# The look of a trigger at other tables is a new one: it sees all that is committed by then, also after the claim began.
_INSTALL = """
CREATE TABLE fault_claim (
  n bigserial, at timestamptz, recipient_id uuid, claim_token uuid, phone text, opted_out boolean, campaign_state text
);
CREATE FUNCTION fault_note_claim() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO fault_claim (at, recipient_id, claim_token, phone, opted_out, campaign_state)
  SELECT clock_timestamp(), NEW.id, NEW.claim_token, NEW.phone, k.opted_out_at IS NOT NULL, c.state
  FROM leads_contact k, campaigns_campaign c WHERE k.id = NEW.contact_id AND c.id = NEW.campaign_id;
  RETURN NULL;
END $$;
CREATE TRIGGER fault_claims AFTER UPDATE ON campaigns_recipient FOR EACH ROW
  WHEN (OLD.state = 'queued' AND NEW.state = 'sending') EXECUTE FUNCTION fault_note_claim();
"""
_REMOVE = """
DROP TRIGGER fault_claims ON campaigns_recipient;
DROP FUNCTION fault_note_claim();
DROP TABLE fault_claim;
"""


@dataclass(frozen=True)
class ClaimSeen:
    at: datetime
    token: UUID
    phone: str
    opted_out: bool
    campaign_state: str


class Witness:
    @staticmethod
    def claims() -> list[ClaimSeen]:
        """Return every claim that was made, in order."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT at, claim_token, phone, opted_out, campaign_state FROM fault_claim ORDER BY n")
            return [ClaimSeen(*row) for row in cursor.fetchall()]


@contextmanager
def witness_of_claims() -> Iterator[Witness]:
    """Install the witness; nothing else may use the test's database then."""
    with connection.cursor() as cursor:
        cursor.execute(_INSTALL)
    try:
        yield Witness()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(_REMOVE)


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]
