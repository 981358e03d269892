"""How far ahead of its sends a channel claims: enough that its window never runs dry, little enough to leave few in doubt."""

MAX_BATCH = 100
AHEAD_SECONDS = 0.15
CLAIM_MARGIN = 3.0


class Lookahead:
    """What the sends and claims of one channel take of late, in seconds, and what follows from it for the next claim.

    ``window`` is how many sends may be under way at once.
    """

    def __init__(self) -> None:
        self._send_seconds = self._claim_seconds = 0.0

    def note_send(self, seconds: float) -> None:
        self._send_seconds = _lately(self._send_seconds, seconds)

    def note_claim(self, seconds: float) -> None:
        self._claim_seconds = _lately(self._claim_seconds, seconds)

    def batch(self, window: int) -> int:
        """Return how many unpaced rows may be claimed now: 150 ms of sends, or twice the window, never more than 100."""
        return min(MAX_BATCH, max(2 * window, 2 * self.reserve(window), int(self._speed(window) * AHEAD_SECONDS)))

    def reserve(self, window: int) -> int:
        """Return how few rows may be left when the next are claimed: what leaves while that takes, also when it takes longer."""
        during = self._speed(window) * self._claim_seconds
        return min(MAX_BATCH // 2, max(window * 5 // 4, int(during * CLAIM_MARGIN)))

    def _speed(self, window: int) -> float:
        """Return how many sends a second the window allows; nothing before the first answer."""
        return window / self._send_seconds if self._send_seconds else 0.0


def _lately(before: float, measured: float) -> float:
    """Return the mean in which each new measure counts for a tenth."""
    return before + (measured - before) / 10 if before else measured
