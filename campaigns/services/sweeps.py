"""What nobody asks for and must happen all the same: lapsed claims, finished campaigns, lost audiences.

Each sweep may run in several processes at once and at any moment; each finds only what is really due.
"""

import logging
from collections import Counter
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef

from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.sequences.people import leads_further
from campaigns.services.guard import watch_failures
from campaigns.services.lifecycle import build_if_missing, complete_if_done
from campaigns.services.rounds import for_each
from campaigns.services.standby import ARRANGEMENTS, arrange_standbys
from campaigns.services.statuses import apply_known_statuses
from campaigns.services.transitions import tell
from conversations.services.campaign import CampaignMessage, record_campaign_messages
from core.clock import now
from core.placeholders import without_signs
from core.tenancy import across_organizations, activate_organization

logger = logging.getLogger(__name__)

MISSING_AUDIENCE = timedelta(seconds=20)
LAPSES_AT_ONCE = 500

# Nobody knows how far the dead sender came. Only where the provider's own echo brought the message's id is it known to be sent.
_LAPSE = """
WITH lapsed AS MATERIALIZED (
  SELECT id FROM campaigns_recipient WHERE state = 'sending' AND lease_until < clock_timestamp()
  ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_recipient r SET
  state = CASE WHEN r.external_id IS NULL THEN 'unknown' ELSE 'sent' END,
  error_code = CASE WHEN r.external_id IS NULL THEN 'lease_lapsed' ELSE '' END,
  sent_at = CASE WHEN r.external_id IS NULL THEN r.sent_at ELSE COALESCE(r.sent_at, clock_timestamp()) END
FROM lapsed WHERE r.id = lapsed.id
RETURNING r.organization_id, r.campaign_id, r.id, r.contact_id, r.channel_id, r.body, r.state, r.external_id
"""


class Lapsed(NamedTuple):
    organization_id: UUID
    campaign_id: UUID
    id: UUID
    contact_id: UUID
    channel_id: UUID
    body: str
    state: str
    external_id: str | None


def sweep_sending() -> None:
    """What the senders sweep each second, one process at a time. All organizations must be visible."""
    with transaction.atomic():
        if not _alone("campaigns.sending"):
            return
        lapse_claims()
        watch_failures()
    complete_done()


def sweep_numbers() -> None:
    """What the senders sweep every few seconds, one process at a time. All organizations must be visible."""
    with transaction.atomic():
        if _alone(ARRANGEMENTS):
            arrange_standbys()


def lapse_claims() -> int:
    """Turn the claims of dead senders into ``unknown``, which only evidence or a person moves; return how many."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LAPSE, [LAPSES_AT_ONCE])
            rows = sorted(Lapsed(*row) for row in cursor.fetchall())
        for organization_id, group in groupby(rows, key=lambda row: row.organization_id):
            with activate_organization(organization_id):
                _note_lapsed(organization_id, list(group))
    return len(rows)


def _note_lapsed(organization_id: UUID, rows: list[Lapsed]) -> None:
    at = now()
    record_campaign_messages(
        organization_id,
        [
            CampaignMessage(r.id, r.contact_id, r.channel_id, without_signs(r.body), r.state, r.external_id or "", at)
            for r in rows
        ],
    )
    sent = [row for row in rows if row.state == RecipientState.SENT]
    for campaign_id, count in Counter(row.campaign_id for row in sent).items():
        Campaign.objects.filter(pk=campaign_id).update(sent_count=F("sent_count") + count)
    for row in sent:
        apply_known_statuses(row.channel_id, [row.external_id or ""])
    for campaign_id in {row.campaign_id for row in rows}:
        tell(organization_id, campaign_id)
    logger.warning("claims lapsed", extra={"organization": str(organization_id), "count": len(rows)})


def complete_done() -> int:
    """Finish the running campaigns in which nothing waits; return how many."""
    open_rows = Recipient.objects.filter(
        campaign=OuterRef("pk"), state__in=[RecipientState.QUEUED, RecipientState.SENDING]
    )
    running = Campaign.objects.filter(state=CampaignState.RUNNING).exclude(audience_built_at=None)
    done = list(running.exclude(Exists(open_rows)).exclude(leads_further()).values_list("organization_id", "pk"))
    return sum(for_each(done, complete_if_done))


def build_missing() -> int:
    """Freeze audiences whose job was lost; return how many were tried."""
    with across_organizations():
        missing = list(
            Campaign.objects.filter(
                state__in=[CampaignState.RUNNING, CampaignState.PAUSED], audience_built_at=None,
                started_at__lt=now() - MISSING_AUDIENCE,
            ).values_list("organization_id", "pk")[:20]
        )  # fmt: skip
    for_each(missing, build_if_missing)
    return len(missing)


def _alone(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 2))", [name])
        row = cursor.fetchone()
    return bool(row and row[0])
