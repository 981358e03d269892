"""What one batch of ended sends changes, in a few statements."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from campaigns.models import Campaign, RecipientState
from campaigns.sender import rows
from conversations.services.campaign import CampaignMessage, record_campaign_messages
from conversations.services.states import apply_known_statuses
from core.clock import now
from core.live import signal
from gateways.models import Channel

IN_THREAD = {RecipientState.SENT, RecipientState.UNKNOWN}


def settle_batch(channel: Channel, ended: Sequence[rows.Settlement]) -> None:
    """Commit the batch: states, progress, threads; then whatever statuses came in before it. Inside the organization."""
    with transaction.atomic():
        written = {row[0] for row in rows.settle(ended)}
        mine = [row for row in ended if row.claimed.recipient_id in written]
        sent = [row for row in mine if row.state == RecipientState.SENT]
        rows.count_sent(dict(Counter(row.claimed.campaign_id for row in sent)))
        record_campaign_messages(channel.organization_id, [_message(channel, row) for row in mine if row.state in IN_THREAD])
        _note_errors(mine)
        for campaign_id in {row.claimed.campaign_id for row in mine}:
            signal(channel.organization_id, f"campaign:{campaign_id}")
        signal(channel.organization_id, "dashboard")
    external_ids = [row.external_id for row in sent]
    rows.apply_statuses(channel.pk, external_ids)
    apply_known_statuses(channel.pk, external_ids)


def _message(channel: Channel, row: rows.Settlement) -> CampaignMessage:
    return CampaignMessage(
        recipient_id=row.claimed.recipient_id,
        contact_id=row.claimed.contact_id,
        channel_id=channel.pk,
        body=row.claimed.body,
        state=row.state,
        external_id=row.external_id,
        at=row.at or now(),
    )


def _note_errors(ended: Sequence[rows.Settlement]) -> None:
    wrong: dict[UUID, list[rows.Settlement]] = {}
    for row in ended:
        if row.state in {RecipientState.FAILED, RecipientState.INVALID}:
            wrong.setdefault(row.claimed.campaign_id, []).append(row)
    for campaign_id, failures in wrong.items():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        for failure in failures:
            entry = campaign.errors.setdefault(failure.code or "error", {"count": 0, "text": failure.error[:200]})
            entry["count"] += 1
        campaign.save(update_fields=["errors"])
