"""From a provider's answer to the fate of a recipient (design: refused before leaving goes back, doubt stays doubt)."""

from campaigns.models import RecipientState
from campaigns.sender.rows import BACKOFF, MAX_ATTEMPTS, Claimed, Settlement
from core.clock import now
from gateways.contract import Outcome, SendResult

FINAL = {
    Outcome.SENT: RecipientState.SENT,
    Outcome.REFUSED: RecipientState.FAILED,
    Outcome.INVALID_NUMBER: RecipientState.INVALID,
    Outcome.UNKNOWN: RecipientState.UNKNOWN,
}


def settlement(claimed: Claimed, result: SendResult) -> Settlement:
    """Judge one send."""
    final = FINAL.get(result.outcome)
    if final is not None:
        return Settlement(claimed, final, result.external_id, result.code, result.detail, now())
    if result.outcome is Outcome.NOT_SENT:
        if claimed.attempts >= MAX_ATTEMPTS:
            return Settlement(claimed, RecipientState.FAILED, "", result.code, result.detail, now())
        wait = BACKOFF[min(claimed.attempts, len(BACKOFF)) - 1]
        return Settlement(claimed, RecipientState.QUEUED, "", result.code, result.detail, wait_seconds=wait)
    # The channel is down or asks for a pause: the message is not to blame, so the attempt does not count.
    wait_seconds = result.retry_after_seconds or 1.0
    return Settlement(claimed, RecipientState.QUEUED, "", result.code, result.detail, wait_seconds=wait_seconds, refund=1)


def unsent(claimed: Claimed) -> Settlement:
    """Give back what was claimed and never started."""
    return Settlement(claimed, RecipientState.QUEUED, refund=1)
