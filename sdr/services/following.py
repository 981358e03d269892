"""A word to leads who vanished in the middle of a talk: in the business's own words, by day, a few times at most, never over an answer."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from conversations.models import ConversationStatus, Direction, Handler, Origin
from conversations.services.send import send_message
from conversations.services.window import is_shut
from core.clock import local, now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization
from core.text import first_name
from sdr.models import Qualification, QualificationStatus, SdrProfile
from sdr.services.profiles import get_profile
from sdr.services.qualifying import locked_conversation

logger = logging.getLogger(__name__)

MOST = 3
BATCH = 200


@job("default")
def follow_up_silent() -> None:
    """Write to the leads whose silence is long enough, where it is day."""
    with across_organizations():
        profiles = SdrProfile.objects.filter(enabled=True).exclude(follow_ups=[])
        organizations = list(profiles.values_list("organization_id", flat=True))
    for organization_id in organizations:
        with activate_organization(organization_id):
            profile = get_profile()
            if is_day(profile, now()):
                for pk, conversation_id in _silent(profile).values_list("pk", "conversation_id")[:BATCH]:
                    _follow_up(profile, pk, conversation_id)


def is_day(profile: SdrProfile, at: datetime) -> bool:
    """Tell whether people may be written to now, by the business's own clock."""
    return profile.follow_up_from <= local(at, profile.organization.timezone).hour < profile.follow_up_until


def _silent(profile: SdrProfile) -> "QuerySet[Qualification]":
    return Qualification.objects.filter(
        status=QualificationStatus.COLLECTING, follow_ups__lt=min(len(profile.follow_ups), MOST), bot_messages__gt=0,
        bot_messages__lt=profile.max_messages - 1, contact__opted_out_at=None, contact__anonymised_at=None,
        conversation__status=ConversationStatus.OPEN, conversation__handler=Handler.BOT,
        conversation__last_message_direction=Direction.OUT,
        conversation__last_message_at__lt=now() - timedelta(hours=profile.follow_up_hours),
    )  # fmt: skip


@transaction.atomic
def _follow_up(profile: SdrProfile, pk: UUID, conversation_id: UUID) -> None:
    conversation = locked_conversation(conversation_id)
    row = _silent(profile).select_for_update(of=("self",)).filter(pk=pk, conversation=conversation).first()
    if row is None or is_shut(conversation):
        return
    name = conversation.contact.name
    text = (
        profile.follow_ups[row.follow_ups]
        .replace("{nome}", first_name(name) if name else "")
        .replace(" ,", ",")
        .strip()
    )
    send_message(
        conversation,
        body=" ".join(text.split()),
        author=None,
        origin=Origin.BOT,
        client_key=f"followup:{row.pk}:{row.follow_ups}",
    )
    # Not saved through the model: it is not the lead who did something.
    Qualification.objects.filter(pk=pk).update(follow_ups=F("follow_ups") + 1, bot_messages=F("bot_messages") + 1)
    logger.info("lead followed up", extra={"qualification": str(pk)})
