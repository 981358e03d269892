"""The page on which customers book, and the link with which they change their mind."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization
from bookings.icalendar import calendar_file
from bookings.models import Booking, BookingOrigin, BookingSettings, BookingState, Professional, Service
from bookings.services.booking import Wish, hold
from bookings.services.schedule import add_time_off, get_settings, save_service
from core.clock import now
from core.tenancy import activate_organization
from leads.models import Contact
from leads.services.contacts import anonymise, opt_out
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make

pytestmark = pytest.mark.django_db
NINE = "2026-12-07T09:00:00-03:00"


@pytest.fixture(autouse=True)
def _friday() -> Any:
    with time_machine.travel(FRIDAY_BEFORE, tick=False):
        yield


@pytest.fixture
def page(cleaning: Service) -> BookingSettings:
    settings = get_settings()
    settings.slug, settings.is_public, settings.min_notice_minutes, settings.slot_step_minutes = "acme", True, 60, 60
    settings.save()
    return settings


@pytest.fixture
def visitor() -> Client:
    return Client()


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def text(response: Any) -> str:
    return " ".join(soup(response).get_text(" ").split())


def without_token(page: bytes) -> bytes:
    return re.sub(rb'"X-CSRFToken": "\w+"|value="\w{64}"', b"", page)


def details(cleaning: Service) -> str:
    return reverse("public_bookings:details", args=["acme", cleaning.pk])


def form(nina: Professional, **values: str) -> dict[str, str]:
    own = {"inicio": NINE, "profissional": str(nina.pk), "key": "abc", "name": "Rita Prado", "phone": "11 98888-7777"}
    return own | {"email": "", "notes": ""} | values


def link(booking: Booking, name: str = "manage") -> str:
    return reverse(f"public_bookings:{name}", args=["acme", booking.token])


def test_a_customer_books_by_links_and_one_form(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional
) -> None:
    start = soup(visitor.get("/agendar/acme/"))
    times_url = start.select_one(".public-choices a")["href"]  # type: ignore[index]
    times = soup(visitor.get(times_url + "?dia=2026-12-07"))
    first = times.select_one(".slots a")
    assert first is not None and first.get_text() == "09:00"
    filled = soup(visitor.get(first["href"]))
    values = {field["name"]: field.get("value", "") for field in filled.select("main form input[name]")}
    answer = visitor.post(details(cleaning), values | {"name": "Rita Prado", "phone": "11 98888-7777"})  # type: ignore[operator]
    booking = Booking.objects.get()
    assert answer.headers["Location"] == link(booking)
    assert (booking.starts_at, booking.origin, booking.professional) == (MONDAY, BookingOrigin.PUBLIC, nina)
    assert (booking.contact.name, booking.contact.phone) == ("Rita Prado", "+5511988887777")
    assert "Está marcado" in text(visitor.get(link(booking)))


def test_what_is_taken_or_closed_is_not_offered(
    page: BookingSettings, visitor: Client, cleaning: Service, make_booking: Make, nina: Professional
) -> None:
    make_booking()
    add_time_off(nina, MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=3), reason="", actor=None)
    shown = soup(visitor.get(reverse("public_bookings:times", args=["acme", cleaning.pk]) + "?dia=2026-12-07"))
    assert [slot.get_text() for slot in shown.select(".slots a")] == ["13:00", "14:00", "15:00", "16:00", "17:00"]


def test_with_nobody_in_particular_the_one_with_least_to_do_is_offered(
    page: BookingSettings,
    visitor: Client,
    cleaning: Service,
    make_booking: Make,
    nina: Professional,
    beto: Professional,
) -> None:
    save_service(cleaning, professionals=[nina, beto], actor=None)
    make_booking(MONDAY + timedelta(hours=5), professional=beto)
    url = reverse("public_bookings:times", args=["acme", cleaning.pk]) + "?dia=2026-12-07"
    offered = soup(visitor.get(url)).select(".slots a")
    assert str(nina.pk) in str(offered[0]["href"])
    alone = soup(visitor.get(f"{url}&profissional={beto.pk}")).select(".slots a")
    assert all(str(beto.pk) in str(slot["href"]) for slot in alone)


def test_the_first_free_day_is_found_far_ahead(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional
) -> None:
    add_time_off(None, FRIDAY_BEFORE, FRIDAY_BEFORE + timedelta(days=40), reason="reforma", actor=None)
    shown = soup(visitor.get(reverse("public_bookings:times", args=["acme", cleaning.pk])))
    assert shown.select_one(".slots a") is not None
    add_time_off(None, FRIDAY_BEFORE, FRIDAY_BEFORE + timedelta(days=90), reason="reforma", actor=None)
    assert "Nenhum horário livre" in text(visitor.get(reverse("public_bookings:times", args=["acme", cleaning.pk])))


def test_a_closed_page_and_one_that_never_was_look_alike(
    page: BookingSettings, visitor: Client, cleaning: Service
) -> None:
    page.is_public = False
    page.save()
    answers = [
        visitor.get(url)
        for url in ("/agendar/acme/", "/agendar/nunca/", f"/agendar/acme/{cleaning.pk}/", details(cleaning))
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({without_token(answer.content) for answer in answers}) == 1


def test_a_service_of_another_business_is_not_there(
    page: BookingSettings, visitor: Client, carla: Membership, cleaning: Service
) -> None:
    with activate_organization(carla.organization_id):
        theirs = get_settings()
        theirs.is_public, theirs.slug = True, "bela-flor"
        theirs.save()
    assert visitor.get(f"/agendar/bela-flor/{cleaning.pk}/").status_code == 404
    assert "Limpeza" not in text(visitor.get("/agendar/bela-flor/"))


def test_a_link_opens_under_its_own_address_only(
    page: BookingSettings, visitor: Client, make_booking: Make, carla: Membership
) -> None:
    booking = make_booking()
    with activate_organization(carla.organization_id):
        theirs = get_settings()
        theirs.is_public, theirs.slug = True, "bela-flor"
        theirs.save()
    assert visitor.get(link(booking)).status_code == 200
    assert visitor.get(f"/agendar/bela-flor/r/{booking.token}/").status_code == 404
    assert visitor.get(f"/agendar/acme/r/{booking.token[:-1]}x/").status_code == 404


def test_a_time_that_somebody_took_meanwhile_is_refused_in_words(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional, make_booking: Make
) -> None:
    make_booking()
    answer = visitor.post(details(cleaning), form(nina, notes="traz exame"))
    assert answer.status_code == 409
    assert "Este horário não está mais livre" in text(answer) and "traz exame" in answer.content.decode()
    assert Booking.objects.count() == 1
    assert visitor.get(details(cleaning), {"inicio": NINE, "profissional": nina.pk}).status_code == 409


def test_a_time_that_is_not_on_offer_is_refused(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional
) -> None:
    for at in (
        "2026-12-07T09:10:00-03:00",
        "2026-12-06T09:00:00-03:00",
        "2020-01-06T09:00:00-03:00",
        "2030-01-07T09:00:00-03:00",
    ):
        assert visitor.post(details(cleaning), form(nina, inicio=at)).status_code == 409
    assert not Booking.objects.exists() and not Contact.objects.exists()


@pytest.mark.parametrize("values", [{"phone": "123"}, {"phone": ""}, {"name": ""}, {"email": "x"}])
def test_what_is_missing_is_said_beside_its_field(
    values: dict[str, str], page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional
) -> None:
    answer = visitor.post(details(cleaning), form(nina, **values))
    assert answer.status_code == 422 and soup(answer).select_one(".field-error") is not None
    assert not Booking.objects.exists()


@pytest.mark.parametrize("query", ["", "?inicio=x&profissional=y", "?inicio=2026-12-07T09:00:00&profissional="])
def test_a_broken_address_leads_back_to_the_times(
    query: str, page: BookingSettings, visitor: Client, cleaning: Service
) -> None:
    answer = visitor.get(details(cleaning) + query)
    assert answer.headers["Location"] == reverse("public_bookings:times", args=["acme", cleaning.pk])


def test_the_phone_finds_the_contact_and_tells_nothing_of_them(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional, rita: Contact
) -> None:
    Contact.objects.filter(pk=rita.pk).update(email="rita@example.com")
    visitor.post(details(cleaning), form(nina, phone="(11) 8888-7777", name="Curiosa", email="outra@example.com"))
    booking = Booking.objects.get()
    assert booking.contact == rita and booking.email == "outra@example.com"
    rita.refresh_from_db()
    assert (rita.name, rita.email) == ("Rita Prado", "rita@example.com")
    shown = text(visitor.get(link(booking)))
    assert "Rita" not in shown and "8888" not in shown and "rita@" not in shown


def test_booking_never_brings_an_opt_out_back(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional, rita: Contact
) -> None:
    opt_out(rita.pk, reason="sair", at=now())
    visitor.post(details(cleaning), form(nina))
    rita.refresh_from_db()
    assert Booking.objects.get().contact == rita and rita.is_opted_out


def test_somebody_erased_stays_out_of_campaigns_when_they_book(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional, rita: Contact
) -> None:
    anonymise(rita, actor=None)
    visitor.post(details(cleaning), form(nina))
    assert Booking.objects.get().contact.is_opted_out


def test_a_double_click_books_once(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional
) -> None:
    first, second = (visitor.post(details(cleaning), form(nina)) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Booking.objects.count() == 1
    stranger = Client().post(details(cleaning), form(nina))
    assert stranger.status_code == 409


def test_the_trap_books_nothing(page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional) -> None:
    assert visitor.post(details(cleaning), form(nina, site="http://spam")).status_code == 200
    assert not Booking.objects.exists()


def test_a_form_without_its_token_is_refused(page: BookingSettings, cleaning: Service, nina: Professional) -> None:
    assert Client(enforce_csrf_checks=True).post(details(cleaning), form(nina)).status_code == 403
    assert not Booking.objects.exists()


def test_many_tries_from_one_address_are_stopped(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional
) -> None:
    answers = [visitor.post(details(cleaning), form(nina, phone="1")).status_code for _ in range(14)]
    assert answers == [422] * 12 + [429] * 2


def test_the_link_confirms_moves_and_cancels(
    page: BookingSettings, visitor: Client, make_booking: Make, nina: Professional
) -> None:
    booking = make_booking()
    visitor.post(link(booking, "confirm"))
    booking.refresh_from_db()
    assert booking.attendance_confirmed_at is not None
    shown = soup(visitor.get(link(booking, "move") + "?dia=2026-12-08"))
    button = shown.select_one(".slots button")
    assert button is not None
    visitor.post(link(booking, "move"), {"inicio": button["value"]})
    booking.refresh_from_db()
    assert (booking.state, booking.starts_at) == (BookingState.MOVED, MONDAY + timedelta(days=1))
    assert "Cancelar este agendamento?" in text(visitor.get(link(booking, "cancel")))
    visitor.post(link(booking, "cancel"), {"reason": "viajei"})
    booking.refresh_from_db()
    assert (booking.state, booking.cancel_reason) == (BookingState.CANCELLED, "viajei")
    assert "Agendamento cancelado" in text(visitor.get(link(booking)))
    assert visitor.get(link(booking, "move")).status_code == 302


def test_moving_to_a_taken_time_is_refused_in_words(page: BookingSettings, visitor: Client, make_booking: Make) -> None:
    make_booking()
    booking = make_booking(MONDAY + timedelta(hours=1))
    answer = visitor.post(link(booking, "move"), {"inicio": NINE})
    assert answer.status_code == 409 and "não está mais livre" in text(answer)
    booking.refresh_from_db()
    assert booking.version == 1


def test_what_has_begun_can_only_be_read(page: BookingSettings, visitor: Client, make_booking: Make) -> None:
    booking = make_booking()
    with time_machine.travel(MONDAY + timedelta(minutes=1), tick=False):
        assert soup(visitor.get(link(booking))).select("form") == []
        visitor.post(link(booking, "cancel"))
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED


def test_a_held_time_is_confirmed_by_its_link(
    page: BookingSettings, visitor: Client, cleaning: Service, nina: Professional, rita: Contact
) -> None:
    booking = hold(Wish(cleaning, nina, MONDAY, rita))
    assert "Confirme até" in text(visitor.get(link(booking)))
    visitor.post(link(booking, "confirm"))
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED


def test_the_link_goes_on_when_the_page_is_switched_off(
    page: BookingSettings, visitor: Client, make_booking: Make
) -> None:
    booking = make_booking()
    page.is_public = False
    page.save()
    answer = visitor.get(link(booking))
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"] and answer.headers["Referrer-Policy"] == "same-origin"


def test_the_calendar_file_is_one_that_calendars_read(
    page: BookingSettings, visitor: Client, make_booking: Make, acme: Organization
) -> None:
    page.address = "Rua das Flores, 120; sala 3 — ao lado da praça de São João, " + "perto " * 20
    page.save()
    booking = make_booking()
    answer = visitor.get(link(booking, "calendar"))
    lines = answer.content.decode().split("\r\n")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert "DTSTART:20261207T120000Z" in lines and f"UID:{booking.pk}@prosa" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "Rua das Flores\\, 120\\; sala 3" in answer.content.decode().replace("\r\n ", "")
    booking.state = BookingState.CANCELLED
    page.organization = acme
    assert b"STATUS:CANCELLED" in calendar_file(booking, page, "http://x")
