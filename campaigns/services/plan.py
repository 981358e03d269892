"""What happens when the plan's messages are used up: the campaign pauses by itself and says why (CAM-14)."""

from collections.abc import Iterable
from uuid import UUID

from campaigns.models import Recipient, RecipientState
from campaigns.services.lifecycle import pause_by_system

PLAN_PREFIX = "plan:"


def pause_for_plan(campaign_ids: Iterable[UUID], reason: str) -> None:
    """Pause those campaigns of the active organization that still have somebody to write to.

    ``reason`` is a code of :class:`billing.services.Grant`; :func:`campaigns.queries.pause_words` says it in words.
    """
    waiting = Recipient.objects.filter(campaign__in=list(campaign_ids), state=RecipientState.QUEUED)
    for campaign_id in waiting.order_by().values_list("campaign_id", flat=True).distinct():
        pause_by_system(campaign_id, f"{PLAN_PREFIX}{reason}")
