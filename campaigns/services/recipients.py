"""What people decide about single recipients: send again, or confirm what happened."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Case, F, QuerySet, When
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import RecipientStateError
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.services.bell import ring_senders
from campaigns.services.transitions import Action, check, lock, tell_pages
from conversations.services.campaign import CampaignMessage, record_campaign_messages
from core.clock import now
from core.placeholders import without_signs

COUNTED = 1_000
"""Beyond this a page does not tell how many can be sent again."""


class Decision(StrEnum):
    RESEND = "resend"
    SENT = "sent"


def retryable(campaign: Campaign) -> "QuerySet[Recipient]":
    """Return the failed recipients to whom certainly nothing went, and who may still be written to.

    What a provider accepted and reported as failed later has an ``external_id``: it may yet arrive, so it is left alone.
    """
    failed = Recipient.objects.filter(campaign=campaign, state=RecipientState.FAILED, external_id=None)
    return failed.filter(contact__opted_out_at=None, contact__anonymised_at=None).exclude(phone="")  # type: ignore[no-any-return]


def count_retryable(campaign: Campaign) -> int:
    """Return how many can be sent again, up to :data:`COUNTED`."""
    return int(retryable(campaign)[:COUNTED].count())


@transaction.atomic
def retry_failed(campaign: Campaign, *, actor: Membership | None = None) -> int:
    """Put what failed and can be sent again back in line; return how many."""
    locked = lock(campaign)
    check(locked, Action.REQUEUE)
    ids = list(retryable(locked).values_list("pk", flat=True))
    count = _requeue(Recipient.objects.filter(pk__in=ids, state=RecipientState.FAILED))
    if count:
        _reopen(locked)
        record_audit("campaign.retried", actor=actor, target=locked.name, data={"count": count})
    return count


@transaction.atomic
def confirm_unknown(recipient: Recipient, decision: Decision | str, *, actor: Membership | None = None) -> None:
    """Settle a send whose end nobody knows, because a person decided: send it again, or count it as sent."""
    if not _confirm(recipient.campaign, [recipient], Decision(decision), actor):
        raise RecipientStateError(_("This message is no longer waiting to be confirmed."), code=recipient.state)


def decide_unknown(recipient: Recipient, *, resend: bool, actor: Membership | None = None) -> None:
    """As :func:`confirm_unknown`, for forms with two buttons."""
    confirm_unknown(recipient, Decision.RESEND if resend else Decision.SENT, actor=actor)


@transaction.atomic
def confirm_all_unknown(campaign: Campaign, decision: Decision | str, *, actor: Membership | None = None) -> int:
    """Settle all of a campaign's unconfirmed sends alike; return how many."""
    unknown = list(Recipient.objects.filter(campaign=campaign, state=RecipientState.UNKNOWN))
    return _confirm(campaign, unknown, Decision(decision), actor)


def _confirm(campaign: Campaign, rows: Sequence[Recipient], decision: Decision, actor: Membership | None) -> int:
    locked = lock(campaign)
    if decision is Decision.RESEND:
        check(locked, Action.REQUEUE)
    mine = Recipient.objects.filter(campaign=locked, pk__in=[row.pk for row in rows], state=RecipientState.UNKNOWN)
    # One whose end is being written at this moment waits for nobody's word, and its writer for the campaign that we hold.
    ids = list(mine.select_for_update(skip_locked=True).values_list("pk", flat=True))
    unknown = Recipient.objects.filter(pk__in=ids)
    if decision is Decision.RESEND:
        _requeue(unknown)
        _reopen(locked)
    else:
        _count_as_sent(locked, unknown, now())
    if ids:
        data = {"decision": str(decision), "count": len(ids), "recipients": [str(pk) for pk in ids[:100]]}
        record_audit("campaign.confirmed", actor=actor, target=locked.name, data=data)
        tell_pages(locked)
    return len(ids)


def _requeue(rows: "QuerySet[Recipient]") -> int:
    count: int = rows.update(
        # Due now, and marked as tried before: what somebody may have read is not given other words.
        state=RecipientState.QUEUED, attempts=0, next_attempt_at=Now(), claim_token=None, lease_until=None,
        external_id=None, error="", error_code="", channel=Case(When(pinned=True, then=F("channel")), default=None),
    )  # fmt: skip
    return count


def _reopen(campaign: Campaign) -> None:
    if campaign.state == CampaignState.COMPLETED:
        campaign.state, campaign.finished_at, campaign.archived_at = CampaignState.RUNNING, None, None
        campaign.save(update_fields=["state", "finished_at", "archived_at"])
    ring_senders()
    tell_pages(campaign)


def _count_as_sent(campaign: Campaign, rows: "QuerySet[Recipient]", at: datetime) -> None:
    count = rows.update(
        state=RecipientState.SENT, sent_at=at, claim_token=None, lease_until=None, error="", error_code=""
    )
    Campaign.objects.filter(pk=campaign.pk).update(sent_count=F("sent_count") + count)
    messages = [
        CampaignMessage(r.pk, r.contact_id, r.channel_id, without_signs(r.body), "sent", r.external_id or "", at)
        for r in rows.exclude(channel=None)
        if r.channel_id is not None
    ]
    record_campaign_messages(campaign.organization_id, messages)
