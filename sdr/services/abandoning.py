"""Leads who stopped answering: found once a day has passed since our last word."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from conversations.models import Direction, Handler
from conversations.services.handling import add_event
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization
from sdr.models import OPEN_STATES, Qualification, QualificationStatus, ReplyTurn
from sdr.services.qualifying import locked_conversation, mark_contact, score_of

logger = logging.getLogger(__name__)

SILENCE = timedelta(hours=24)
BATCH = 500


@job("default")
def mark_abandoned() -> None:
    """Record the leads who stopped answering the SDR for a day; the next hour takes what a batch leaves."""
    with across_organizations():
        silent = list(_silent().values_list("organization_id", "pk", "conversation_id")[:BATCH])
    for organization_id, pk, conversation_id in silent:
        with activate_organization(organization_id):
            _mark(pk, conversation_id)


def _silent() -> "QuerySet[Qualification]":
    return silent_leads().filter(conversation__last_message_at__lt=now() - SILENCE)


def silent_leads() -> "QuerySet[Qualification]":
    """Return the leads whose turn to speak it is; whoever waits for our opening is none of them."""
    ours = ReplyTurn.objects.filter(conversation=OuterRef("conversation"), state__in=OPEN_STATES)
    return Qualification.objects.filter(
        ~Exists(ours), status=QualificationStatus.COLLECTING, conversation__handler=Handler.BOT,
        conversation__last_message_direction=Direction.OUT,
    )  # fmt: skip


@transaction.atomic
def _mark(pk: UUID, conversation_id: UUID) -> None:
    conversation = locked_conversation(conversation_id)
    row = _silent().select_for_update(of=("self",)).filter(pk=pk, conversation=conversation).first()
    if row is None:
        return
    row.status = QualificationStatus.ABANDONED
    row.save(update_fields=["status", "updated_at"])
    mark_contact(conversation, score_of(row), QualificationStatus.ABANDONED)
    add_event(conversation, "abandoned")
    logger.info("lead abandoned", extra={"qualification": str(row.pk)})
