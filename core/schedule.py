"""The shape of recurring work; the one list of it is ``config/schedule.py``."""

from dataclasses import dataclass

from core.jobs import Job


@dataclass(frozen=True)
class Recurring:
    """A job rung every ``seconds``; ringing twice must be harmless, as every job is safe to run twice."""

    job: Job
    seconds: float
    why: str
