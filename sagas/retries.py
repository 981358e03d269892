"""How long a failed attempt waits for the next: exponential, with jitter so that a crowd does not come back together."""

import random

from django.conf import settings

FACTOR = 2.0
LONGEST_SECONDS = 300.0


def delay_after(attempt: int) -> float:
    """Return the seconds to wait after the given attempt (1 is the first)."""
    first: float = settings.SAGA_FIRST_RETRY_SECONDS
    whole = min(LONGEST_SECONDS, first * FACTOR ** min(attempt - 1, 30))
    return whole * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load, keeps no secret
