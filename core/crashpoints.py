"""Places where a fault test may kill the process: no-ops unless ``CRASH_AT`` names one of them.

``CRASH_AT=send.claimed`` kills at the first visit, ``CRASH_AT=send.claimed:3`` at the third. SIGKILL, because that is what
a power cut and the kernel's memory killer look like from inside.
"""

import os
import signal
from collections import Counter

_visits: Counter[str] = Counter()


def crashpoint(name: str) -> None:
    """Die here if the environment says so."""
    wanted = os.environ.get("CRASH_AT")
    if not wanted:
        return
    place, _colon, visit = wanted.partition(":")
    if place != name:
        return
    _visits[name] += 1
    if _visits[name] == int(visit or 1):
        os.kill(os.getpid(), signal.SIGKILL)
