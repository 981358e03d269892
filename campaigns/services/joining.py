"""What becomes of places in line when two contacts turn out to be one person: nobody gets a message twice by that."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from campaigns.models import CampaignState, Recipient, RecipientState, SkipReason

OPEN = (CampaignState.RUNNING, CampaignState.PAUSED)
UNTRIED = {RecipientState.QUEUED, RecipientState.SKIPPED}
TRIED = [state for state in RecipientState.values if state not in UNTRIED]


def leave_out_twins(kept_id: UUID, gone_id: UUID) -> dict[str, Any]:
    """Take out of line whichever of the two also stands there by the other, or has the message already."""
    left_out = [*_leave_out(gone_id, kept_id, RecipientState.values), *_leave_out(kept_id, gone_id, TRIED)]
    return {"left_out": [str(pk) for pk in left_out]}


def _leave_out(contact_id: UUID, other_id: UUID, states: list[str]) -> list[UUID]:
    twins = Recipient.objects.filter(
        campaign=OuterRef("campaign"), step=OuterRef("step"), contact=other_id, state__in=states
    )
    waiting = Recipient.objects.filter(Exists(twins), contact=contact_id, state=RecipientState.QUEUED)
    ids = list(waiting.select_for_update(of=["self"]).values_list("pk", flat=True))
    Recipient.objects.filter(pk__in=ids).update(state=RecipientState.SKIPPED, skip_reason=SkipReason.DUPLICATE)
    return ids


def line_up_again(data: dict[str, Any]) -> None:
    """Put those back in line who left it because they were taken for one, where the campaign still goes on."""
    rows = Recipient.objects.filter(
        pk__in=data.get("left_out", []), state=RecipientState.SKIPPED, skip_reason=SkipReason.DUPLICATE,
        campaign__state__in=OPEN,
    )  # fmt: skip
    rows.update(state=RecipientState.QUEUED, skip_reason=SkipReason.NONE)
