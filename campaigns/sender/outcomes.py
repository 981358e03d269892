"""From a provider's answer to what becomes of a recipient: one table (R-5).

What certainly did not leave goes back; what a provider documents as refused has failed; what may have left is unknown and
is never sent again by itself. A number that is down or asked to slow down is never a message's fault.
"""

from datetime import datetime
from typing import NamedTuple

from campaigns.models import RecipientState
from campaigns.sender.claims import Claimed
from core.clock import now
from gateways.contract import Outcome, SendResult

# The attempts that follow a first one that certainly did not leave (CAM-24).
BACKOFF_SECONDS = (1.0, 4.0, 16.0)

FINAL: dict[Outcome, str] = {
    Outcome.SENT: RecipientState.SENT.value,
    Outcome.REFUSED: RecipientState.FAILED.value,
    Outcome.INVALID_NUMBER: RecipientState.INVALID.value,
    Outcome.UNKNOWN: RecipientState.UNKNOWN.value,
}
NOT_THE_MESSAGE = frozenset({Outcome.LATER, Outcome.CHANNEL_DOWN})


class Settlement(NamedTuple):
    """How a claim ended; ``wait_seconds`` and ``refund`` (of the attempt) are for what goes back to the queue."""

    claimed: Claimed
    state: str
    external_id: str = ""
    code: str = ""
    error: str = ""
    at: datetime | None = None
    wait_seconds: float = 0.0
    refund: int = 0

    @property
    def has_left(self) -> bool:
        """Whether the message counts against the plan and the day's cap: it left, or may have."""
        return self.state in {RecipientState.SENT, RecipientState.UNKNOWN}


def judge(claimed: Claimed, result: SendResult) -> Settlement:
    """Return what the result of a send means for its recipient."""
    if (state := FINAL.get(result.outcome)) is not None:
        return Settlement(claimed, state, result.external_id, result.code, result.detail, now())
    if result.outcome in NOT_THE_MESSAGE:
        return Settlement(claimed, RecipientState.QUEUED.value, "", result.code, result.detail, refund=1)
    if claimed.attempts > len(BACKOFF_SECONDS):
        return Settlement(claimed, RecipientState.FAILED.value, "", result.code, result.detail, now())
    wait = BACKOFF_SECONDS[claimed.attempts - 1]
    return Settlement(claimed, RecipientState.QUEUED.value, "", result.code, result.detail, wait_seconds=wait)


def unsent(claimed: Claimed) -> Settlement:
    """Give back what was claimed and never started."""
    return Settlement(claimed, RecipientState.QUEUED.value, refund=1)
