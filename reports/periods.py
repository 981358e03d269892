"""The period that a page looks at: its days or hours, and the same stretch before it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _

from core.clock import now

DAYS = (1, 7, 30, 90)
DEFAULT_DAYS = 7


@dataclass(frozen=True)
class Period:
    """The last ``days`` days up to ``at``, today included, as the clocks of ``zone`` show them."""

    days: int
    zone: ZoneInfo
    at: datetime

    @property
    def unit(self) -> Literal["hour", "day"]:
        """A single day is told in hours."""
        return "hour" if self.days == 1 else "day"

    @property
    def start(self) -> datetime:
        local = self.at.astimezone(self.zone)
        first = local - timedelta(days=self.days - 1)  # of the wall clock, whatever summer time does
        return first.replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def before(self) -> tuple[datetime, datetime]:
        """The stretch to compare with: as long, right before, and up to the same time of day."""
        length = timedelta(days=self.days)
        return self.start - length, self.at.astimezone(self.zone) - length

    @property
    def buckets(self) -> list[datetime]:
        """The first moment of each day, or of each hour of today so far."""
        if self.unit == "day":
            return [self.start + timedelta(days=n) for n in range(self.days)]
        return [self.start + timedelta(hours=n) for n in range(self.at.astimezone(self.zone).hour + 1)]

    @property
    def labels(self) -> list[str]:
        """The buckets in words: ``9h``, ``sex 13`` or ``13/11``, the last one being today."""
        if self.unit == "hour":
            return [_("%(hour)dh") % {"hour": bucket.hour} for bucket in self.buckets]
        style = "D j" if self.days <= DEFAULT_DAYS else "d/m"
        return [*(formats.date_format(bucket, style).lower() for bucket in self.buckets[:-1]), _("today")]


def period_of(days: int, zone: str, at: datetime | None = None) -> Period:
    """Return the last ``days`` days of a zone."""
    return Period(days, ZoneInfo(zone), at or now())


def days_of(text: str | None) -> int:
    """Return the days that an address asks for, the default for anything else."""
    return int(text) if text in {str(days) for days in DAYS} else DEFAULT_DAYS
