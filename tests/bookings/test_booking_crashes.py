"""Drivers of ``create_booking`` killed before and after every commit; the fakes outside count what really happened."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import Organization
from accounts.services.secrets_store import set_secret
from bookings.models import Booking, BookingState, Professional, SentMark, Service
from bookings.services.booking import PROCESS, Wish, book, process_id
from bookings.services.bot import TELEGRAM_TOKEN
from bookings.services.google.accounts import Grant, connect
from bookings.services.schedule import get_settings
from core.clock import now
from leads.models import Contact
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import orchestrator
from tests.billing.charging import connect_focus
from tests.sagas.drivers import Drivers, driver_host, lapse_leases
from tests.support import counting_mail
from tests.support.fake_focus import FakeFocus, fake_focus
from tests.support.fake_google import FakeGoogle, fake_google
from tests.support.fake_telegram import CHAT, TOKEN, FakeTelegram, fake_telegram
from tests.support.jobs import drain

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

WAITING = ["saga.claimed", "saga.acting", "saga.acted", "saga.committing", "saga.committed"]
MARKS = ["mark.begun", "mark.sent"]
FORWARD = [*WAITING, "saga.ending", "saga.ended", *MARKS]
BACKWARD = ["saga.undoing", "saga.undone", "saga.ending", "saga.committing", "saga.committed", "saga.ended", *MARKS]
BACKEND = "tests.support.counting_mail.CountingBackend"


@dataclass
class Outside:
    """City hall, bot, calendar and mail server, and the drivers that know where they are."""

    focus: FakeFocus
    telegram: FakeTelegram
    google: FakeGoogle
    mail: Path
    drivers: Drivers


def places(focus: FakeFocus, telegram: FakeTelegram, google: FakeGoogle) -> dict[str, Any]:
    """Return the settings under which the product finds the fakes."""
    return {
        "FOCUS_NFE_BASES": {"producao": focus.url, "homologacao": focus.url}, "TELEGRAM_API_BASE": telegram.url,
        "GOOGLE_API_BASE": google.url, "EMAIL_BACKEND": BACKEND, "ALLOW_PRIVATE_HOSTS": True,
    }  # fmt: skip


@pytest.fixture(scope="module")
def servers(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    folder = tmp_path_factory.mktemp("mail")
    with (
        fake_focus() as focus,
        fake_telegram() as telegram,
        fake_google() as google,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SAGA_HOST_SETTINGS", json.dumps(places(focus, telegram, google)))
        patch.setenv(counting_mail.FOLDER, str(folder))
        with driver_host(tmp_path_factory.mktemp("outside")) as drivers:
            yield Outside(focus, telegram, google, folder, drivers)


@pytest.fixture
def outside(servers: Outside, transactional_db: None, in_acme: Organization, settings: Settings) -> Iterator[Outside]:
    for name, value in places(servers.focus, servers.telegram, servers.google).items():
        setattr(settings, name, value)
    os.environ[counting_mail.FOLDER] = str(servers.mail)
    connect_focus(issue_at="booking")
    set_secret(TELEGRAM_TOKEN, TOKEN, actor=None)
    own = get_settings()
    own.owner_notice, own.telegram_chat_id = "telegram", CHAT
    own.save()
    servers.telegram.chats = {CHAT}
    yield servers
    servers.drivers.kill_all()


@pytest.fixture
def make(cleaning: Service, nina: Professional, rita: Contact, outside: Outside) -> Iterator[Any]:
    starts = count(1)
    connect(nina, Grant("nina@gmail.example", "access-1", "refresh-1", now() + timedelta(days=1)), actor=None)

    def make_one() -> Booking:
        for path in outside.mail.glob("*.eml"):
            path.unlink()
        outside.telegram.sent.clear()
        outside.focus.issued.clear()
        outside.focus.cancelled.clear()
        outside.google.inserted.clear()
        outside.google.events.clear()
        at = now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1, hours=next(starts))
        return book(Wish(cleaning, nina, at, rita, email="rita@example.com"))

    yield make_one


def options_of(booking: Booking) -> dict[str, Any]:
    return {
        "saga": PROCESS, "saga_id": process_id(booking.pk), "context": {"booking_id": str(booking.pk)},
        "organization_id": str(booking.organization_id),
    }  # fmt: skip


def wake(booking: Booking) -> SagaExecution:
    """Let the wait for the city hall, and the time for which the dead are believed to be alive, be over."""
    lapse_leases()
    rows = SagaExecution.objects.filter(saga_id=process_id(booking.pk))
    rows.exclude(wake_at=None).update(wake_at=now() - timedelta(seconds=1))
    return rows.get()


def settle(booking: Booking) -> SagaExecution:
    for _round in range(6):
        if (row := wake(booking)).is_finished:
            break
        orchestrator.execute(PROCESS, row.saga_id, row.context)
    drain()
    wake(booking)
    drain()
    return orchestrator.get_status(process_id(booking.pk))


def complaint(outside: Outside, booking: Booking, ended: SagaExecution, wanted: SagaState) -> str:
    """Name what is wrong with the world after the saga ended."""
    new = [text for text in outside.telegram.texts if text.startswith("Novo")]
    off = [text for text in outside.telegram.texts if text.startswith("Agendamento cancelado")]
    mails = counting_mail.subjects(outside.mail)
    confirmed = [subject for subject in mails if subject.startswith("Marcado")]
    cancelled = [subject for subject in mails if subject.startswith("Cancelado")]
    entries = list(outside.google.standing())
    issued, taken_back = sum(outside.focus.issued.values()), sum(outside.focus.cancelled.values())
    wrong = []
    unknown = [row.name for row in ended.records.filter(kind="do") if row.result.get("outcome") == "unknown"]
    if unknown:
        # A notice in doubt counts as told, so that what would have been refused after it is not asked again.
        wanted = SagaState(ended.state)
    if ended.state != wanted:
        wrong.append(f"ended as {ended.state}")
    if (
        any(len(many) > 1 for many in (new, off, confirmed, cancelled))
        or issued > 1
        or taken_back > 1
        or outside.google.inserted.total() > 1
    ):
        wrong.append("something happened twice")
    state = Booking.objects.get(pk=booking.pk).state
    if wanted == SagaState.SUCCEEDED:
        missing = [
            n for n, done in (("send_email", confirmed), ("send_telegram", new)) if not done and n not in unknown
        ]
        if (issued, taken_back, cancelled, off, missing, len(entries)) != (
            1,
            0,
            [],
            [],
            [],
            1,
        ) or state != BookingState.CONFIRMED:
            wrong.append(f"missing {missing}, booking {state}")
    elif entries or issued != taken_back or state != BookingState.CANCELLED:
        wrong.append(f"issued {issued}, taken back {taken_back}, booking {state}")
    elif len(confirmed) + len(new) - len(cancelled) - len(off) > _in_doubt(ended):
        wrong.append("somebody still believes in the booking")
    return f"{wrong}: {mails} {outside.telegram.texts} {ended.failed_step} {ended.error}" if wrong else ""


def _in_doubt(ended: SagaExecution) -> int:
    """Return how many notices of cancelling were begun by somebody who died: they are never written twice."""
    return SentMark.objects.filter(key__startswith=ended.saga_id, key__endswith=":undo", settled_at=None).count()


def deaths(outside: Outside, make: Any, wanted: SagaState, points: list[str], *, waited: bool) -> int:
    """Kill one driver at every visit of the points; ``waited``: after the city hall has been waited for."""
    found, died = [], 0
    for point in points:
        for visit in count(1):
            booking = make()
            if waited:
                assert not outside.drivers.run(**options_of(booking))
                wake(booking)
            dead = outside.drivers.run(crash_at=f"{point}:{visit}", **options_of(booking))
            found.append((point, visit, complaint(outside, booking, settle(booking), wanted)))
            if not dead:
                break
            died += 1
    assert [one for one in found if one[2]] == []
    return died


def test_a_death_before_the_city_hall_has_answered(outside: Outside, make: Any) -> None:
    assert deaths(outside, make, SagaState.SUCCEEDED, WAITING, waited=False) >= 4


def test_a_death_at_every_point_of_a_booking_that_succeeds(outside: Outside, make: Any) -> None:
    assert deaths(outside, make, SagaState.SUCCEEDED, FORWARD, waited=True) >= 12


def test_a_death_at_every_point_of_a_booking_that_fails_late(outside: Outside, make: Any) -> None:
    outside.telegram.chats = set()
    assert deaths(outside, make, SagaState.FAILED, BACKWARD, waited=True) >= 15


def test_a_death_while_the_owner_undoes_it(outside: Outside, make: Any) -> None:
    found, died = [], 0
    for point in BACKWARD:
        for visit in count(1):
            booking = make()
            assert settle(booking).state == SagaState.SUCCEEDED
            dead = outside.drivers.run(undo=True, crash_at=f"{point}:{visit}", **options_of(booking))
            found.append((point, visit, complaint(outside, booking, settle(booking), SagaState.FAILED)))
            if not dead:
                break
            died += 1
    assert [one for one in found if one[2]] == []
    assert died >= 15
