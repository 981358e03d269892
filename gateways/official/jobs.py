"""Looking after templates that Meta has not decided about."""

import logging
from datetime import timedelta

from django.db.models import Q

from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from gateways.errors import TemplateError
from gateways.models import Channel, MessageTemplate, TemplateStatus
from gateways.official.services import refresh_templates

logger = logging.getLogger(__name__)

# Meta allows 200 such questions an hour for an account; a decision that takes longer comes by webhook in most cases.
EAGER = timedelta(hours=1)
LAZY_MINUTES = 10


@job("default", timeout_seconds=120)
def refresh_channel_templates(*, organization_id: str, channel_id: str) -> None:
    """Read a number's templates anew."""
    channel = Channel.objects.filter(pk=channel_id, removed_at=None).first()
    if channel is None:
        return
    try:
        refresh_templates(channel)
    except TemplateError as error:
        logger.info("templates not read", extra={"channel": channel_id, "error": error.message})


@job("default")
def refresh_pending_templates() -> None:
    """Ask for the numbers with templates in review: every time for an hour, then every ten minutes."""
    at = now()
    with across_organizations():
        waiting = MessageTemplate.objects.filter(status=TemplateStatus.PENDING, channel__removed_at=None)
        if at.minute % LAZY_MINUTES:
            waiting = waiting.filter(Q(submitted_at__gte=at - EAGER))
        channels = Channel.objects.filter(pk__in=waiting.values("channel_id")).order_by("created_at")
        # The numbers of an account have the same templates, and Meta counts the questions.
        accounts = {(one.organization_id, one.config.get("waba_id")): one for one in channels}
        for one in accounts.values():
            refresh_channel_templates.enqueue(
                coalesce_key=str(one.pk), organization_id=str(one.organization_id), channel_id=str(one.pk)
            )
