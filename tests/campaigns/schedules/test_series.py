"""A series makes each of its times once, whatever dies or runs twice, and nothing that it made changes with it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from accounts.models import Organization
from bookings.models import DayRule
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Campaign, CampaignState, Occurrence, Recipient
from campaigns.schedules import series
from campaigns.schedules.rules import Rule
from campaigns.schedules.starts import start_due
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft
from core.tenancy import activate_organization
from leads.models import Contact, ListMembership

pytestmark = pytest.mark.django_db
RULE = {"unit": "week", "weekdays": [0], "at": "09:00", "first_on": "2026-11-23"}
SATURDAY = datetime(2026, 11, 21, 15, tzinfo=UTC)


def monday(number: int = 0, minute: int = 0) -> datetime:
    """Return nine o'clock in São Paulo on the n-th Monday of the rule."""
    return datetime(2026, 11, 23, 12, minute, tzinfo=UTC) + timedelta(weeks=number)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(SATURDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def make_series(in_acme: Organization, make_campaign: Callable[..., Campaign], clock: Any) -> Callable[..., Campaign]:
    def make(rule: dict[str, Any] | None = None, **values: Any) -> Campaign:
        return series.repeat(make_campaign(**values), RULE | (rule or {}))

    return make


def sweep_at(clock: Any, at: datetime) -> None:
    clock.move_to(at)
    start_due()


def times(pattern: Campaign) -> list[tuple[str, str]]:
    rows = Occurrence.objects.filter(series=pattern).order_by("planned_on")
    return [(f"{row.planned_on:%d/%m}", row.outcome) for row in rows]


def test_a_series_waits_for_its_first_time_and_writes_to_nobody(make_series: Any) -> None:
    pattern = make_series()
    assert (pattern.state, pattern.start_at, pattern.recurrence.next_on) == ("scheduled", monday(), date(2026, 11, 23))
    start_due()
    assert not Recipient.objects.exists()
    assert not Occurrence.objects.exists()


def test_each_time_is_a_campaign_of_its_own(make_series: Any, clock: Any) -> None:
    pattern = make_series(body="Oi, {nome}!", audience={"cap_count": 3, "cap_days": 1})
    sweep_at(clock, monday())
    sweep_at(clock, monday(minute=1))
    sweep_at(clock, monday(1))
    runs = list(pattern.runs.order_by("start_at"))
    assert [(run.name, run.state, run.start_at) for run in runs] == [
        ("Novembro · 23/11", "running", monday()), ("Novembro · 30/11", "running", monday(1)),
    ]  # fmt: skip
    assert [run.recipients.count() for run in runs] == [3, 3]
    assert runs[0].variants.get().body == "Oi, {nome}!"
    assert runs[0].audience_rules == pattern.audience_rules
    pattern.refresh_from_db()
    assert (pattern.state, pattern.start_at) == ("scheduled", monday(2))
    assert not pattern.recipients.exists()


def test_the_audience_is_that_of_the_day(make_series: Any, make_contact: Any, clock: Any) -> None:
    pattern = make_series()
    sweep_at(clock, monday())
    target = pattern.lists.get()
    ListMembership.objects.create(contact_list=target, contact=make_contact(50), row_number=9)
    Contact.objects.filter(name="Pessoa 0").update(opted_out_at=monday())
    sweep_at(clock, monday(1))
    second = pattern.runs.get(start_at=monday(1))
    assert sorted(second.recipients.filter(state="queued").values_list("contact__name", flat=True)) == [
        "Pessoa 1", "Pessoa 2", "Pessoa 50",
    ]  # fmt: skip
    assert second.recipients.get(state="skipped").skip_reason == "opted_out"


def test_who_waits_in_an_earlier_time_is_left_out_where_the_rules_say_so(make_series: Any, clock: Any) -> None:
    pattern = make_series(audience={"not_in_campaign": True})
    sweep_at(clock, monday())
    pattern.runs.get().recipients.filter(position=1).update(state="sent")
    sweep_at(clock, monday(1))
    second = pattern.runs.get(start_at=monday(1))
    assert second.recipients.filter(state="queued").count() == 1
    assert set(second.recipients.filter(state="skipped").values_list("skip_reason", flat=True)) == {"in_campaign"}


def test_a_time_with_nobody_to_write_to_is_over_and_the_series_goes_on(make_series: Any, clock: Any) -> None:
    pattern = make_series()
    Contact.objects.update(opted_out_at=SATURDAY)
    sweep_at(clock, monday())
    assert times(pattern) == [("23/11", "nobody")]
    assert pattern.runs.get().state == "completed"
    Contact.objects.update(opted_out_at=None)
    sweep_at(clock, monday(1))
    assert times(pattern) == [("23/11", "nobody"), ("30/11", "made")]


def test_it_ends_after_so_many_times(make_series: Any, clock: Any) -> None:
    pattern = make_series({"count": 2})
    for number in range(4):
        sweep_at(clock, monday(number))
    pattern.refresh_from_db()
    assert (pattern.state, pattern.start_at) == ("completed", None)
    assert pattern.runs.count() == 2


def test_it_ends_with_its_last_day(make_series: Any, clock: Any) -> None:
    pattern = make_series({"until": "2026-11-29"})
    sweep_at(clock, monday())
    pattern.refresh_from_db()
    assert pattern.state == "completed"


def test_a_holiday_is_left_out_and_written_down(make_series: Any, clock: Any) -> None:
    DayRule.objects.create(day=date(2026, 11, 30), name="Aniversário da cidade")
    pattern = make_series({"holidays": "skip"})
    for number in range(3):
        sweep_at(clock, monday(number))
    assert times(pattern) == [("23/11", "made"), ("30/11", "holiday"), ("07/12", "made")]
    assert Occurrence.objects.get(outcome="holiday").note == "Aniversário da cidade"


def test_a_holiday_moves_the_time_to_the_next_working_day(make_series: Any, clock: Any) -> None:
    DayRule.objects.create(day=date(2026, 11, 23), name="Reforma")
    pattern = make_series({"holidays": "move"})
    assert pattern.start_at == monday() + timedelta(days=1)
    sweep_at(clock, monday())
    assert times(pattern) == []
    sweep_at(clock, monday() + timedelta(days=1))
    sweep_at(clock, monday(1))
    assert times(pattern) == [("23/11", "made"), ("30/11", "made")]


def test_a_day_off_that_is_added_later_counts(make_series: Any, clock: Any) -> None:
    pattern = make_series({"holidays": "skip"})
    DayRule.objects.create(day=date(2026, 11, 23), name="Luto")
    sweep_at(clock, monday())
    assert times(pattern) == [("23/11", "holiday")]
    assert not pattern.runs.exists()


# ---- Held, changed, ended


def test_what_a_held_series_misses_is_not_made_up_for(make_series: Any, clock: Any) -> None:
    pattern = lifecycle.pause(make_series())
    sweep_at(clock, monday())
    sweep_at(clock, monday(1, minute=30))
    assert times(pattern) == []
    pattern = lifecycle.resume(Campaign.objects.get(pk=pattern.pk))
    assert (pattern.state, pattern.start_at) == ("scheduled", monday(2))
    sweep_at(clock, monday(2))
    assert times(pattern) == [("07/12", "made")]


def test_a_series_that_is_ended_stays_ended_and_what_it_sent_goes_on(make_series: Any, clock: Any) -> None:
    pattern = make_series()
    sweep_at(clock, monday())
    lifecycle.cancel(Campaign.objects.get(pk=pattern.pk))
    sweep_at(clock, monday(1))
    assert times(pattern) == [("23/11", "made")]
    assert pattern.runs.get().state == "running"


def test_a_change_is_for_what_is_to_come(make_series: Any, clock: Any) -> None:
    pattern = make_series()
    sweep_at(clock, monday())
    changed = lifecycle.update_draft(
        Campaign.objects.get(pk=pattern.pk), name="Dezembro", list_ids=[pattern.lists.get().pk],
        variants=[VariantDraft("Nova")], channel_ids=[pattern.channels.get().pk],
    )  # fmt: skip
    changed = series.repeat(changed, RULE | {"weekdays": [2], "at": "15:00"})
    assert changed.start_at == datetime(2026, 11, 25, 18, tzinfo=UTC)
    first = pattern.runs.get()
    assert (first.name, first.variants.get().body) == ("Novembro · 23/11", "Oi, {nome}!")
    assert set(first.recipients.values_list("variant__body", flat=True)) == {"Oi, {nome}!"}
    sweep_at(clock, datetime(2026, 11, 25, 18, tzinfo=UTC))
    assert pattern.runs.get(name="Dezembro · 25/11").variants.get().body == "Nova"


def test_a_day_that_has_had_its_time_gets_no_second_one_by_a_change(make_series: Any, clock: Any) -> None:
    pattern = make_series()
    sweep_at(clock, monday())
    changed = series.repeat(Campaign.objects.get(pk=pattern.pk), RULE | {"at": "15:00"})
    assert changed.start_at == monday(1) + timedelta(hours=6)


def test_a_series_writes_to_nobody_itself(make_series: Any, clock: Any) -> None:
    pattern = make_series()
    for action in (lifecycle.start, lifecycle.retry_failed):
        with pytest.raises(CampaignStateError):
            action(pattern)
    with pytest.raises(CampaignStateError):
        lifecycle.delete(pattern)
    assert not Recipient.objects.exists()


def test_a_deleted_series_leaves_what_it_sent(make_series: Any, clock: Any) -> None:
    pattern = make_series()
    sweep_at(clock, monday())
    run = pattern.runs.get()
    lifecycle.delete(lifecycle.cancel(Campaign.objects.get(pk=pattern.pk)))
    run.refresh_from_db()
    assert (run.series_id, run.recipients.count()) == (None, 3)
    assert not Occurrence.objects.exists()


def test_a_deleted_time_is_not_made_again(make_series: Any, clock: Any) -> None:
    pattern = make_series()
    sweep_at(clock, monday())
    lifecycle.delete(lifecycle.cancel(pattern.runs.get()))
    Campaign.objects.filter(pk=pattern.pk).update(start_at=monday())
    sweep_at(clock, monday(minute=5))
    assert times(pattern) == [("23/11", "made")]
    assert not pattern.runs.exists()


def test_a_series_that_has_sent_is_not_turned_into_one_campaign(make_series: Any, clock: Any) -> None:
    pattern = make_series()
    assert series.once(pattern).repeats is False
    pattern = series.repeat(Campaign.objects.get(pk=pattern.pk), RULE)
    sweep_at(clock, monday())
    with pytest.raises(CampaignIncompleteError):
        series.once(Campaign.objects.get(pk=pattern.pk))


def test_a_rule_whose_days_are_over_is_refused(make_series: Any) -> None:
    with pytest.raises(CampaignIncompleteError):
        make_series({"first_on": "2026-11-02", "until": "2026-11-16"})
    assert Campaign.objects.get().state == CampaignState.DRAFT


# ---- Crashes and two crons


@pytest.mark.parametrize("point", ["series.locked", "series.run", "series.made"])
def test_a_crash_at_any_point_makes_the_time_once(
    make_series: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    pattern = make_series()

    def die(name: str) -> None:
        if name == point:
            raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(series, "crashpoint", die)
        with pytest.raises(SystemExit):
            sweep_at(clock, monday())
    assert (Campaign.objects.count(), Occurrence.objects.count()) == (1, 0)
    sweep_at(clock, monday(minute=1))
    sweep_at(clock, monday(minute=2))
    assert times(pattern) == [("23/11", "made")]
    assert pattern.runs.get().state == "running"


def test_a_crash_between_the_time_and_its_start_starts_it_later(
    make_series: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern = make_series()
    clock.move_to(monday())
    assert series.make_due(pattern.pk)
    assert pattern.runs.get().state == "scheduled"
    sweep_at(clock, monday(minute=1))
    assert pattern.runs.get().state == "running"


def test_a_second_time_of_a_day_is_refused_by_the_database(make_series: Any) -> None:
    pattern = make_series()
    values = {"series": pattern, "planned_on": date(2026, 11, 23), "due_at": monday(), "outcome": "made"}
    Occurrence.objects.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        Occurrence.objects.create(**values)


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_the_same_moment_make_one_time(make_series: Any, clock: Any, in_acme: Organization) -> None:
    patterns = [make_series(lists=None, name=f"Série {number}") for number in range(1)]
    clock.move_to(monday())
    together = Barrier(4)

    def sweep() -> None:
        try:
            together.wait(60)
            start_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(sweep) for _ in range(4)]:
            done.result()
    with activate_organization(in_acme.pk):
        for pattern in patterns:
            assert times(pattern) == [("23/11", "made")]
            assert pattern.runs.count() == 1
        start_due()
        assert pattern.runs.get().recipients.count() == 3
        assert pattern.runs.get().state == "running"


def test_the_days_that_are_shown_are_those_that_come(in_acme: Organization, clock: Any) -> None:
    DayRule.objects.create(day=date(2026, 11, 30), name="Reforma")
    found = series.previewed(Rule.of(RULE | {"holidays": "skip"}), in_acme.timezone)
    assert [slot.at for slot in found] == [monday(), None, *(monday(number) for number in range(2, 6))]
