from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import Rules, Span, free_slots, is_free, merge, moment, shifts_of

ZONE = "America/Sao_Paulo"
MONDAY = date(2026, 12, 7)
LONG_AGO = datetime(2026, 12, 1, 12, tzinfo=UTC)
OFFICE = {0: [(9 * 60, 12 * 60), (13 * 60, 18 * 60)]}


def rules(minutes: int = 60, step: int = 60, **values: object) -> Rules:
    return Rules(zone=ZONE, duration=timedelta(minutes=minutes), step=timedelta(minutes=step), **values)  # type: ignore[arg-type]


def slots(busy: Sequence[Span] = (), *, hours: object = OFFICE, closed: Sequence[date] = (), at: datetime = LONG_AGO,
          day: date = MONDAY, **values: object) -> list[str]:  # fmt: skip
    own = rules(**values)  # type: ignore[arg-type]
    found = free_slots(day, day, hours=hours, closed=closed, busy=busy, rules=own, at=at)  # type: ignore[arg-type]
    return [start.astimezone(ZoneInfo(own.zone)).strftime("%H:%M") for start in found]


def span(start: str, end: str) -> Span:
    def of(clock: str) -> datetime:
        hour, minute = clock.split(":")
        return moment(MONDAY, int(hour) * 60 + int(minute), ZONE)

    return Span(of(start), of(end))


def test_a_day_is_its_shifts_without_the_break() -> None:
    assert slots() == ["09:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00", "17:00"]


def test_a_service_ends_within_its_shift() -> None:
    assert slots(minutes=120) == ["09:00", "10:00", "13:00", "14:00", "15:00", "16:00"]


def test_what_is_taken_is_not_offered() -> None:
    assert slots([span("09:30", "10:30"), span("15:00", "16:00")]) == ["11:00", "13:00", "14:00", "16:00", "17:00"]


def test_what_only_touches_is_free() -> None:
    assert "10:00" in slots([span("09:00", "10:00"), span("11:00", "12:00")])


def test_buffers_keep_time_free_on_both_sides() -> None:
    near = timedelta(minutes=15)
    assert slots([span("14:00", "15:00")], before=near, after=near) == ["09:00", "10:00", "11:00", "16:00", "17:00"]


def test_buffers_may_reach_beyond_the_hours() -> None:
    assert "09:00" in slots(before=timedelta(minutes=30))


def test_a_closed_day_has_no_slot() -> None:
    assert slots(closed=[MONDAY]) == []


def test_a_weekday_without_hours_has_no_slot() -> None:
    assert slots(day=MONDAY + timedelta(days=1)) == []


def test_the_minimum_notice_counts_from_now() -> None:
    at = moment(MONDAY, 13 * 60, ZONE)
    assert slots(at=at, min_notice=timedelta(hours=2)) == ["15:00", "16:00", "17:00"]


def test_beyond_the_horizon_nothing_is_offered() -> None:
    assert slots(at=LONG_AGO, horizon_days=6) != []
    assert slots(at=LONG_AGO, horizon_days=5) == []


def test_a_shift_may_end_at_midnight() -> None:
    assert slots(hours={0: [(22 * 60, 1440)]}) == ["22:00", "23:00"]


def test_a_day_that_loses_an_hour_loses_its_slot() -> None:
    # In New York 2:00 becomes 3:00 on 2027-03-14, a Sunday.
    found = free_slots(
        date(2027, 3, 14), date(2027, 3, 14), hours={6: [(60, 300)]}, closed=(), busy=(), at=LONG_AGO,
        rules=Rules(zone="America/New_York", duration=timedelta(hours=1), step=timedelta(hours=1), horizon_days=365),
    )  # fmt: skip
    assert [f"{start.astimezone(ZoneInfo('America/New_York')):%H:%M}" for start in found] == ["01:00", "03:00", "04:00"]


def test_a_day_that_gains_an_hour_offers_both() -> None:
    found = free_slots(
        date(2027, 11, 7), date(2027, 11, 7), hours={6: [(60, 180)]}, closed=(), busy=(), at=LONG_AGO,
        rules=Rules(zone="America/New_York", duration=timedelta(hours=1), step=timedelta(hours=1), horizon_days=365),
    )  # fmt: skip
    assert len(found) == 3 and len(set(found)) == 3


def test_a_midnight_that_a_clock_change_skips_begins_later() -> None:
    # São Paulo went from 0:00 to 1:00 on 2018-11-04.
    assert moment(date(2018, 11, 4), 0, ZONE) == datetime(2018, 11, 4, 3, tzinfo=UTC)


ZONES = st.sampled_from([ZONE, "America/New_York", "America/Manaus", "Europe/Lisbon", "UTC"])
DAYS = st.dates(date(2018, 1, 1), date(2030, 12, 31))
MINUTES = st.integers(0, 1440)


@st.composite
def weeks(draw: st.DrawFn) -> dict[int, list[tuple[int, int]]]:
    def shifts() -> list[tuple[int, int]]:
        marks = sorted(draw(st.lists(MINUTES, max_size=6, unique=True)))
        return list(zip(marks[::2], marks[1::2], strict=False))

    return {day: shifts() for day in range(7)}


@st.composite
def cases(draw: st.DrawFn) -> tuple[date, dict[int, list[tuple[int, int]]], list[date], list[Span], Rules, datetime]:
    zone, day = draw(ZONES), draw(DAYS)
    offsets = st.tuples(st.integers(-600, 3500), st.integers(1, 400))
    base = moment(day, 0, zone)
    busy = [
        Span(base + timedelta(minutes=start), base + timedelta(minutes=start + length))
        for start, length in draw(st.lists(offsets, max_size=6))
    ]
    own = Rules(
        zone=zone, duration=timedelta(minutes=draw(st.integers(5, 300))), step=timedelta(minutes=draw(st.integers(5, 120))),
        before=timedelta(minutes=draw(st.integers(0, 60))), after=timedelta(minutes=draw(st.integers(0, 60))),
        min_notice=timedelta(minutes=draw(st.integers(0, 600))), horizon_days=draw(st.integers(1, 5)),
    )  # fmt: skip
    closed = draw(st.lists(st.sampled_from([day, day + timedelta(days=1)]), max_size=1))
    at = base + timedelta(minutes=draw(st.integers(-3000, 1500)))
    return day, draw(weeks()), closed, busy, own, at


@settings(max_examples=200, deadline=None)
@given(cases())
def test_what_is_offered_keeps_every_rule_and_nothing_that_does_is_left_out(case: object) -> None:
    day, hours, closed, busy, own, at = case  # type: ignore[misc]
    last = day + timedelta(days=1)
    found = free_slots(day, last, hours=hours, closed=closed, busy=busy, rules=own, at=at)
    assert found == sorted(set(found))
    horizon = at.astimezone(ZoneInfo(own.zone)).date() + timedelta(days=own.horizon_days)

    def keeps(start: datetime, shift: Span) -> bool:
        end = start + own.duration
        apart = all(start - own.before >= b.end or end + own.after <= b.start for b in busy)
        return shift.start <= start and end <= shift.end and apart and start >= at + own.min_notice

    expected = set()
    today = at.astimezone(ZoneInfo(own.zone)).date()
    for offset in range(2):
        local_day = day + timedelta(days=offset)
        if not today <= local_day <= horizon:
            continue
        for shift in shifts_of(local_day, hours, closed, own.zone):
            steps = int((shift.end - shift.start) / own.step) + 1
            expected |= {s for n in range(steps) if keeps(s := shift.start + n * own.step, shift)}
    assert set(found) == expected


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 100)), max_size=12), st.integers(0, 600), st.integers(1, 60)
)
def test_merged_spans_say_the_same_as_the_spans(pairs: list[tuple[int, int]], start: int, length: int) -> None:
    base = datetime(2026, 1, 1, tzinfo=UTC)

    def at(minute: int) -> datetime:
        return base + timedelta(minutes=minute)

    spans = [Span(at(first), at(first + size)) for first, size in pairs]
    free = all(not (at(start) < s.end and s.start < at(start + length)) for s in spans if s.start < s.end)
    assert is_free(at(start), at(start + length), merge(spans)) is free
