"""Linked calendars against a Google on loopback: consent, tokens, what is busy, what is written, what changes there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Membership, Organization
from bookings.models import (
    Booking,
    BookingState,
    BusyBlock,
    CalendarAccount,
    CalendarEntry,
    CalendarState,
    Professional,
)
from bookings.providers.google import GoogleRefusedError, GoogleRevokedError
from bookings.services.booking import cancel, move, process_id
from bookings.services.google import accounts, mirroring, pulling, watching
from bookings.services.google.accounts import Grant, connect, open_calendar
from bookings.services.google.mirroring import event_id
from bookings.services.google.pulling import pull
from bookings.services.schedule import get_settings
from bookings.services.slots import open_slots
from core.clock import now
from core.crypto import decrypt_for
from core.tenancy import activate_organization
from leads.models import Contact
from sagas.models import SagaState
from sagas.orchestrator import orchestrator
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make
from tests.support.fake_google import CLIENT, SECRET, FakeGoogle, agree, fake_google
from tests.support.jobs import drain
from tests.support.sagas import run_due_sagas

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(FRIDAY_BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def google(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    with fake_google() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = CLIENT, SECRET
        settings.GOOGLE_API_BASE = server.url
        settings.GOOGLE_TOKEN_URL, settings.GOOGLE_REVOKE_URL = f"{server.url}/token", f"{server.url}/revoke"
        own = settings.SOCIALACCOUNT_PROVIDERS["google"]
        app = {"client_id": CLIENT, "secret": SECRET, "key": ""}
        settings.SOCIALACCOUNT_PROVIDERS = {"google": own | {"APPS": [app]}}
        monkeypatch.setattr(GoogleOAuth2Adapter, "access_token_url", f"{server.url}/token")
        monkeypatch.setattr(GoogleOAuth2Adapter, "authorize_url", f"{server.url}/auth")
        yield server


@pytest.fixture
def account(google: FakeGoogle, nina: Professional) -> CalendarAccount:
    """Nina's calendar, linked."""
    grant = Grant("nina@gmail.example", "access-1", "refresh-1", now() + HOUR)
    linked = connect(nina, grant, actor=None)
    google.calls.clear()
    return linked


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def work() -> None:
    for _round in range(3):
        drain()
        run_due_sagas()


def busy() -> list[tuple[datetime, datetime]]:
    return [(row.during.lower, row.during.upper) for row in BusyBlock.objects.order_by("during")]


def starts(cleaning: Any, nina: Professional) -> list[datetime]:
    return [slot.starts_at for slot in open_slots(cleaning, [nina], MONDAY.date(), MONDAY.date())]


def go_to_google(client: Client) -> str:
    """Press the button and agree at Google; return the address that the browser comes back to."""
    sent = client.post("/conta/google/login/?process=connect")
    assert sent.status_code == 302
    return agree(sent.headers["Location"])


# ---- Connecting


def test_a_professional_connects_a_calendar_and_no_token_lies_open(
    google: FakeGoogle, nina: Professional, ana: Membership, login: Make, make_booking: Make
) -> None:
    booking = make_booking()
    client = login(ana)
    assert "Conectar o Google Agenda" in client.get("/agenda/google/").content.decode()
    back = client.get(go_to_google(client), follow=True)
    page = back.content.decode()
    assert "Agenda conectada." in page
    linked = CalendarAccount.objects.get()
    assert (linked.professional, linked.email, linked.state) == (nina, "nina@gmail.example", CalendarState.CONNECTED)
    assert "refresh-1" not in linked.sealed
    assert decrypt_for(linked.organization_id, linked.sealed)["refresh"] == "refresh-1"
    assert not SocialAccount.objects.exists()
    assert not SocialToken.objects.exists()
    work()
    # What lies ahead is written at once, and what is there is read.
    assert list(google.standing()) == [event_id(booking.pk)]
    assert again(linked).synced_at is not None
    assert "nina@gmail.example" in client.get("/agenda/google/").content.decode()


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ({"granted": {"calendar.freebusy"}}, "deixe as duas caixas marcadas"),
        ({"granted": {"calendar.events"}}, "deixe as duas caixas marcadas"),
        ({"gives_refresh": False}, "por uma hora"),
    ],
)
def test_too_little_access_connects_nothing(
    google: FakeGoogle, nina: Professional, ana: Membership, login: Make, way: dict[str, Any], words: str
) -> None:
    for name, value in way.items():
        setattr(google, name, value)
    client = login(ana)
    page = client.get(go_to_google(client), follow=True).content.decode()
    assert words in page
    assert not CalendarAccount.objects.exists()


def test_who_says_no_at_google_or_forges_the_return_changes_nothing(
    google: FakeGoogle, nina: Professional, ana: Membership, login: Make
) -> None:
    client = login(ana)
    good = go_to_google(client)
    for address in ("/conta/google/login/callback/?error=access_denied", good + "x", good.replace("state=", "state=x")):
        page = client.get(address, follow=True).content.decode()
        assert "O Google não deu acesso" in page
    assert not CalendarAccount.objects.exists()


def test_who_cannot_be_booked_has_no_calendar_here(
    in_acme: Organization, google: FakeGoogle, bruno: Membership, login: Make
) -> None:
    client = login(bruno)
    page = client.get(go_to_google(client), follow=True).content.decode()
    assert "uma agenda é de quem pode ser agendado" in page
    assert not CalendarAccount.objects.exists()


def test_nobody_logs_in_or_signs_up_by_google(google: FakeGoogle, vera: Membership, login: Make) -> None:
    visitor = Client()
    for address in ("/conta/google/login/", "/conta/google/login/callback/?code=x&state=y", "/conta/3rdparty/signup/"):
        assert visitor.get(address).status_code in {302, 405}
    assert visitor.post("/conta/google/login/").headers["Location"].startswith("/conta/login/")
    assert login(vera).post("/conta/google/login/?process=connect").status_code == 403
    assert "_auth_user_id" not in visitor.session


def test_without_a_registration_at_google_the_page_says_so(ana: Membership, login: Make, nina: Professional) -> None:
    client = login(ana)
    assert "ainda não o registrou no Google" in client.get("/agenda/google/").content.decode()
    assert client.post("/conta/google/login/?process=connect").status_code == 404


def test_disconnecting_forgets_everything_and_gives_the_access_back(
    google: FakeGoogle, account: CalendarAccount, ana: Membership, login: Make
) -> None:
    google.put("dentista", MONDAY, MONDAY + HOUR)
    pull(account)
    client = login(ana)
    assert client.post("/agenda/google/desligar/").status_code == 302
    assert not CalendarAccount.objects.exists()
    assert busy() == []
    assert google.revoked
    assert client.post("/agenda/google/desligar/").status_code == 404


def test_everybody_has_their_own(
    account: CalendarAccount, bruno: Membership, beto: Professional, carla: Membership, login: Make
) -> None:
    for who in (bruno, carla):
        client = login(who)
        assert "nina@gmail.example" not in client.get("/agenda/google/").content.decode()
        assert client.post("/agenda/google/desligar/").status_code == 404
        assert client.post("/agenda/google/ler/").status_code == 404
    with activate_organization(account.organization_id):
        assert CalendarAccount.objects.exists()


# ---- Tokens


def test_a_token_that_ran_out_is_renewed_and_kept_sealed(
    google: FakeGoogle, account: CalendarAccount, clock: Any
) -> None:
    clock.shift(2 * HOUR)
    open_calendar(account).busy(MONDAY, MONDAY + HOUR)
    assert google.refreshed == 1
    open_calendar(again(account)).busy(MONDAY, MONDAY + HOUR)
    assert google.refreshed == 1
    assert decrypt_for(account.organization_id, again(account).sealed)["access"] == "access-2"


def test_a_token_that_google_no_longer_takes_is_renewed_once(google: FakeGoogle, account: CalendarAccount) -> None:
    google.faults = ["expired"]
    open_calendar(account).busy(MONDAY, MONDAY + HOUR)
    assert google.refreshed == 1
    google.faults = ["expired", "expired"]
    with pytest.raises(GoogleRevokedError):
        open_calendar(again(account)).busy(MONDAY, MONDAY + HOUR)


def test_access_that_was_taken_back_leaves_the_agenda_in_house(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make, ana: Membership, login: Make
) -> None:
    google.revoked = True
    booking = make_booking()
    work()
    assert again(account).state == CalendarState.REVOKED
    saga = orchestrator.get_status(process_id(booking.pk))
    assert saga.state == SagaState.SUCCEEDED
    assert saga.records.get(name="calendar_event").result == {"skipped": "no_access"}
    assert "Conectar de novo" in login(ana).get("/agenda/google/").content.decode()


# ---- What is busy there


def test_what_is_busy_there_is_not_on_offer(
    google: FakeGoogle, account: CalendarAccount, cleaning: Any, nina: Professional
) -> None:
    assert MONDAY in starts(cleaning, nina)
    google.put("dentista", MONDAY, MONDAY + HOUR)
    google.put("almoco", MONDAY + HOUR, MONDAY + 2 * HOUR, transparency="transparent")
    google.put("recusado", MONDAY + HOUR, MONDAY + 2 * HOUR, attendees=[{"self": True, "responseStatus": "declined"}])
    pull(account)
    assert busy() == [(MONDAY, MONDAY + HOUR)]
    assert MONDAY not in starts(cleaning, nina)
    assert MONDAY + HOUR in starts(cleaning, nina)
    # What it is about is nobody's business here.
    assert BusyBlock.objects.get().title == "Google"


def test_a_whole_day_is_that_of_the_business(
    google: FakeGoogle, account: CalendarAccount, cleaning: Any, nina: Professional
) -> None:
    google.events["ferias"] = {
        "id": "ferias", "status": "confirmed", "start": {"date": "2026-12-07"}, "end": {"date": "2026-12-08"}, "_at": 1,
    }  # fmt: skip
    google._clock = 1
    pull(account)
    assert busy() == [(datetime(2026, 12, 7, 3, tzinfo=UTC), datetime(2026, 12, 8, 3, tzinfo=UTC))]
    assert starts(cleaning, nina) == []


def test_changes_come_by_sync_token_page_by_page(google: FakeGoogle, account: CalendarAccount) -> None:
    google.page_size = 2
    for number in range(5):
        google.put(f"evento{number}", MONDAY + number * HOUR, MONDAY + (number + 1) * HOUR)
    pull(account)
    assert len(busy()) == 5
    assert google.calls["GET events"] == 3
    google.calls.clear()
    google.put("evento0", MONDAY + 8 * HOUR, MONDAY + 9 * HOUR)
    google.erase("evento1")
    pull(again(account))
    assert google.calls["GET events"] == 1
    assert [start for start, _end in busy()] == [MONDAY + number * HOUR for number in (2, 3, 4, 8)]
    google.calls.clear()
    pull(again(account))
    assert len(busy()) == 4


def test_a_forgotten_sync_token_reads_everything_anew(google: FakeGoogle, account: CalendarAccount) -> None:
    google.put("um", MONDAY, MONDAY + HOUR)
    google.put("dois", MONDAY + HOUR, MONDAY + 2 * HOUR)
    pull(account)
    del google.events["um"]
    google.forget_sync_tokens()
    pull(again(account))
    assert busy() == [(MONDAY + HOUR, MONDAY + 2 * HOUR)]
    assert again(account).sync_token == f"sync-{google._clock}"


def test_a_google_that_is_down_changes_nothing_and_is_asked_again(
    google: FakeGoogle, account: CalendarAccount, clock: Any
) -> None:
    google.put("um", MONDAY, MONDAY + HOUR)
    pull(account)
    google.faults = ["down"]
    organization_id = str(account.organization_id)
    pulling.pull_calendar(organization_id=organization_id, account_id=str(account.pk))
    assert again(account).error == "O Google não respondeu."
    assert len(busy()) == 1
    pulling.pull_calendars()
    drain()
    assert again(account).error
    clock.shift(timedelta(minutes=4))
    pulling.pull_calendars()
    drain()
    assert again(account).error == ""


def test_of_two_rounds_at_once_the_later_one_is_dropped(google: FakeGoogle, account: CalendarAccount) -> None:
    stale = again(account)
    google.put("um", MONDAY, MONDAY + HOUR)
    pull(account)
    google.erase("um")
    pull(stale)
    assert len(busy()) == 1
    pull(again(account))
    assert busy() == []


def test_a_last_look_refuses_what_was_taken_a_moment_ago(
    google: FakeGoogle, account: CalendarAccount, cleaning: Any, nina: Professional
) -> None:
    own = get_settings()
    own.is_public = True
    own.save()
    google.put("agora", MONDAY, MONDAY + HOUR)
    form = {
        "profissional": str(nina.pk), "inicio": MONDAY.isoformat(), "name": "Rita", "phone": "11988887777", "key": "k1",
    }  # fmt: skip
    page = f"/agendar/{own.slug}/{cleaning.pk}/dados/"
    refused = Client().post(page, form)
    assert "não está mais livre" in refused.content.decode()
    assert not Booking.objects.exists()
    drain()
    assert len(busy()) == 1
    # One that does not answer keeps nobody from booking.
    google.faults = ["down"]
    later = {**form, "inicio": (MONDAY + HOUR).isoformat(), "key": "k2"}
    assert Client().post(page, later).status_code == 302


# ---- What is written there


def test_a_booking_is_written_moved_and_taken_out(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make, rita: Contact
) -> None:
    booking = make_booking(notes="Primeira vez")
    work()
    event = google.standing()[event_id(booking.pk)]
    assert event["summary"] == "Limpeza · Rita Prado"
    assert "(11) 98888-7777\nPrimeira vez\n" in event["description"]
    assert event["start"] == {"dateTime": MONDAY.isoformat(), "timeZone": "America/Sao_Paulo"}
    assert event["end"]["dateTime"] == (MONDAY + HOUR).isoformat()
    moved = move(booking, MONDAY + 3 * HOUR, by="team")
    work()
    event = google.standing()[event_id(booking.pk)]
    assert event["start"]["dateTime"] == (MONDAY + 3 * HOUR).isoformat()
    assert event["extendedProperties"]["private"]["prosa_version"] == str(moved.version)
    pull(account)
    # Our own event takes no time twice.
    assert busy() == []
    cancel(booking, by="customer")
    work()
    assert google.standing() == {}
    assert (google.inserted[event_id(booking.pk)], google.deleted[event_id(booking.pk)]) == (1, 1)
    assert not CalendarEntry.objects.exists()


def test_an_answer_that_was_lost_writes_nothing_twice(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make
) -> None:
    booking = make_booking()
    google.faults = ["lost"]
    work()
    assert orchestrator.get_status(process_id(booking.pk)).state == SagaState.SUCCEEDED
    assert google.inserted == {event_id(booking.pk): 1}


def test_a_calendar_that_stays_down_undoes_the_booking(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make
) -> None:
    booking = make_booking()
    google.faults = ["down"] * 4
    work()
    assert orchestrator.get_status(process_id(booking.pk)).failed_step == "calendar_event"
    assert again(booking).state == BookingState.CANCELLED
    assert google.standing() == {}


def test_a_google_that_asks_for_patience_is_waited_for(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make, clock: Any
) -> None:
    booking = make_booking()
    google.faults = ["limit"]
    work()
    assert orchestrator.get_status(process_id(booking.pk)).state == SagaState.IN_PROGRESS
    clock.shift(timedelta(minutes=1))
    work()
    assert orchestrator.get_status(process_id(booking.pk)).state == SagaState.SUCCEEDED


def test_a_move_that_google_missed_is_made_up_for(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make, clock: Any
) -> None:
    booking = make_booking()
    work()
    google.faults = ["down"]
    move(booking, MONDAY + 3 * HOUR, by="team")
    work()
    assert google.standing()[event_id(booking.pk)]["start"]["dateTime"] == MONDAY.isoformat()
    clock.shift(timedelta(minutes=3))
    mirroring.sweep_calendars()
    work()
    assert google.standing()[event_id(booking.pk)]["start"]["dateTime"] == (MONDAY + 3 * HOUR).isoformat()


def test_a_booking_that_changes_hands_leaves_the_first_calendar(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make, beto: Professional
) -> None:
    booking = make_booking()
    work()
    move(booking, MONDAY + HOUR, by="team", professional=beto)
    work()
    assert google.standing() == {}


# ---- What is changed there


def test_an_event_that_is_moved_in_google_moves_the_booking(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make
) -> None:
    booking = make_booking()
    work()
    google.put(event_id(booking.pk), MONDAY + 2 * HOUR, MONDAY + 3 * HOUR)
    pull(again(account))
    work()
    moved = again(booking)
    assert (moved.starts_at, moved.state, moved.version) == (MONDAY + 2 * HOUR, BookingState.MOVED, 2)
    # What comes back of our own writing changes nothing.
    pull(again(account))
    work()
    assert again(booking).version == 2


def test_one_that_is_moved_onto_another_booking_is_put_back(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make
) -> None:
    booking = make_booking()
    make_booking(MONDAY + 2 * HOUR)
    work()
    google.put(event_id(booking.pk), MONDAY + 2 * HOUR, MONDAY + 3 * HOUR)
    pull(again(account))
    work()
    assert again(booking).starts_at == MONDAY
    assert google.standing()[event_id(booking.pk)]["start"]["dateTime"] == MONDAY.isoformat()


def test_an_event_that_is_deleted_in_google_cancels_the_booking(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make
) -> None:
    booking = make_booking()
    work()
    pull(again(account))
    google.erase(event_id(booking.pk))
    pull(again(account))
    work()
    off = again(booking)
    assert (off.state, off.cancel_reason) == (BookingState.CANCELLED, "Apagado no Google Agenda")


def test_what_is_missing_in_a_whole_list_is_written_again_not_cancelled(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make, clock: Any
) -> None:
    booking = make_booking()
    work()
    pull(again(account))
    google.erase(event_id(booking.pk))
    google.forget_sync_tokens()
    clock.shift(HOUR)
    pull(again(account))
    work()
    assert again(booking).state == BookingState.CONFIRMED
    assert list(google.standing()) == [event_id(booking.pk)]


def test_what_google_still_shows_of_an_older_time_does_not_move_the_booking_back(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make
) -> None:
    booking = make_booking()
    work()
    pull(again(account))
    google.put(event_id(booking.pk), MONDAY, MONDAY + HOUR)
    move(booking, MONDAY + 3 * HOUR, by="team")
    # Read before the calendar was told of the new time.
    pull(again(account))
    assert again(booking).starts_at == MONDAY + 3 * HOUR
    google.erase(event_id(booking.pk))
    pull(again(account))
    assert again(booking).state == BookingState.MOVED


def test_an_event_that_names_a_booking_of_another_business_does_nothing(
    google: FakeGoogle, account: CalendarAccount, make_booking: Make, carla: Membership
) -> None:
    booking = make_booking()
    work()
    foreign = UUID(int=booking.pk.int ^ 1)
    google.put("convite", MONDAY, MONDAY + HOUR, extendedProperties={"private": {"prosa_booking": str(foreign)}})
    google.put("estranho", MONDAY, MONDAY + HOUR, extendedProperties={"private": {"prosa_booking": "x"}})
    pull(again(account))
    assert again(booking).state == BookingState.CONFIRMED


# ---- Channels


def test_google_is_asked_to_tell_of_changes_where_it_can_reach_us(
    google: FakeGoogle, account: CalendarAccount, settings: Settings, clock: Any
) -> None:
    settings.HTTPS, settings.BASE_URL = False, "http://localhost:8000"
    watching.renew_watches()
    drain()
    assert google.channels == {}
    settings.HTTPS, settings.BASE_URL = True, "https://prosa.example"
    watching.renew_watches()
    drain()
    [(address, headers)] = google.tell()
    assert address == "https://prosa.example/hooks/google-calendar/"
    google.put("novo", MONDAY, MONDAY + HOUR)
    client = Client()
    assert client.post("/hooks/google-calendar/", headers=headers).status_code == 200
    drain()
    assert len(busy()) == 1
    for wrong in ({"X-Goog-Channel-Token": "x"}, {"X-Goog-Channel-ID": str(account.pk)}, {"X-Goog-Channel-ID": "x"}):
        assert client.post("/hooks/google-calendar/", headers=headers | wrong).status_code == 404
    assert client.get("/hooks/google-calendar/").status_code == 405
    # It is renewed a day before it ends, and the old one is closed.
    first = again(account).watch_id
    watching.renew_watches()
    drain()
    assert again(account).watch_id == first
    CalendarAccount.objects.update(watch_until=now() + 20 * HOUR)
    watching.renew_watches()
    drain()
    assert list(google.channels) == [str(again(account).watch_id)]
    accounts.disconnect(again(account), actor=None)
    assert google.channels == {}


def test_a_refusal_to_watch_leaves_reading_every_few_minutes(
    google: FakeGoogle, account: CalendarAccount, settings: Settings, clock: Any
) -> None:
    settings.HTTPS = True
    settings.BASE_URL = "http://prosa.example"
    with pytest.raises(GoogleRefusedError):
        watching.watch(account)
    google.put("novo", MONDAY, MONDAY + HOUR)
    clock.shift(timedelta(minutes=4))
    pulling.pull_calendars()
    drain()
    assert len(busy()) == 1
