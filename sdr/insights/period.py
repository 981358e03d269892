"""The days that are looked at, and the days, weeks or months that they are told by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.utils import formats

from core.clock import day_bounds, local

PERIODS = (1, 7, 30, 90, 365)
LONGEST_BY_DAY, LONGEST_BY_WEEK = 31, 120


class Unit(StrEnum):
    DAY = "dia"
    WEEK = "semana"
    MONTH = "mes"


@dataclass(frozen=True)
class Bucket:
    """A day, week or month; ``start`` and ``end`` are moments, the end not included, both cut to the period."""

    key: str
    label: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Period:
    """The last ``days`` of a business, today among them."""

    now: datetime
    zone: str
    days: int = 30
    unit: Unit | None = None

    @cached_property
    def start(self) -> datetime:
        return self.first_moment(self.days)

    def first_moment(self, days: int) -> datetime:
        """Return the midnight with which the last ``days`` began."""
        today = local(self.now, self.zone).date()
        return self._midnight(today - timedelta(days=days - 1))

    @property
    def told_by(self) -> Unit:
        """Return the unit that was asked for, else one that gives a readable number of points."""
        if self.unit is not None:
            return self.unit
        return Unit.DAY if self.days <= LONGEST_BY_DAY else Unit.WEEK if self.days <= LONGEST_BY_WEEK else Unit.MONTH

    @cached_property
    def buckets(self) -> list[Bucket]:
        return list(self._buckets())

    def bucket(self, key: str) -> Bucket | None:
        return next((bucket for bucket in self.buckets if bucket.key == key), None)

    def bucket_of(self, at: datetime) -> str:
        """Return the key of the day, week or month of a moment."""
        return self._first_day(local(at, self.zone).date()).isoformat()

    def _buckets(self) -> Iterator[Bucket]:
        last = local(self.now, self.zone).date()
        first = self._first_day(local(self.start, self.zone).date())
        while first <= last:
            following = self._following(first)
            begin = max(self._midnight(first), self.start)
            yield Bucket(first.isoformat(), self._label(first), begin, self._midnight(following))
            first = following

    def _first_day(self, day: date) -> date:
        match self.told_by:
            case Unit.WEEK:
                return day - timedelta(days=day.weekday())
            case Unit.MONTH:
                return day.replace(day=1)
        return day

    def _following(self, first: date) -> date:
        match self.told_by:
            case Unit.WEEK:
                return first + timedelta(days=7)
            case Unit.MONTH:
                return (first + timedelta(days=32)).replace(day=1)
        return first + timedelta(days=1)

    def _label(self, first: date) -> str:
        return formats.date_format(first, "M/y").lower() if self.told_by == Unit.MONTH else f"{first:%d/%m}"

    def _midnight(self, day: date) -> datetime:
        return day_bounds(day, self.zone)[0]
