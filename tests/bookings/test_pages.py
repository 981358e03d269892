"""Pages of the agenda: they work, need a log-in, hide themselves from strangers and refuse what a viewer may not do."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from bookings.models import Booking, BookingState, DayRule, Professional, Service, TimeOff
from bookings.services.booking import Wish, hold
from bookings.services.schedule import add_time_off, get_settings, set_day_rule
from core.ids import uuid7
from core.tenancy import activate_organization
from leads.models import Contact
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make

pytestmark = pytest.mark.django_db
PAGES = [
    "agenda",
    "booking-create",
    "free-times",
    "services",
    "service-create",
    "timetable",
    "days-off",
    "settings",
    "calendar",
]
HX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _friday() -> Any:
    with time_machine.travel(FRIDAY_BEFORE, tick=False):
        yield


@pytest.fixture
def things(make_booking: Make, nina: Professional, cleaning: Service, ana: Membership) -> dict[str, Any]:
    """One of each thing of Acme's, by the name of its page."""
    booking = make_booking()
    off = add_time_off(nina, MONDAY, MONDAY + timedelta(days=1), reason="férias", actor=None)
    set_day_rule(MONDAY.date(), is_open=False, name="Reforma", actor=None)
    return {
        "booking": booking, "booking-move": booking, "booking-cancel": booking, "service-edit": cleaning, "hours-edit": ana,
        "booking-confirm": booking, "booking-finish": booking, "time-off-delete": off, "day-rule-delete": DayRule.objects.get(),
    }  # fmt: skip


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def text(response: Any) -> str:
    return " ".join(soup(response).get_text(" ").split())


@pytest.mark.parametrize("name", PAGES)
def test_page_works_and_needs_a_login(name: str, things: dict[str, Any], ana: Membership, login: Make) -> None:
    url = reverse(f"bookings:{name}")
    assert login(ana).get(url).status_code == 200
    assert "login" in Client().get(url).headers["Location"]


@pytest.mark.parametrize("name", ["booking", "booking-move", "booking-cancel", "service-edit", "hours-edit"])
def test_page_of_a_thing_is_its_organizations_own(
    name: str, things: dict[str, Any], ana: Membership, carla: Membership, login: Make
) -> None:
    url = reverse(f"bookings:{name}", args=[things[name].pk])
    assert login(ana).get(url).status_code == 200
    assert login(carla).get(url).status_code == 404
    assert login(ana).get(reverse(f"bookings:{name}", args=[uuid7()])).status_code == 404


@pytest.mark.parametrize(
    "name", ["booking-move", "booking-cancel", "booking-confirm", "booking-finish", "service-edit", "hours-edit", "time-off-delete", "day-rule-delete"]
)  # fmt: skip
def test_a_viewer_changes_nothing_and_a_stranger_finds_nothing(
    name: str, things: dict[str, Any], vera: Membership, carla: Membership, login: Make
) -> None:
    url = reverse(f"bookings:{name}", args=[things[name].pk])
    assert login(vera).post(url).status_code == 403
    assert login(carla).post(url).status_code == 404
    things["booking"].refresh_from_db()
    assert things["booking"].state == BookingState.CONFIRMED
    assert TimeOff.objects.count() == DayRule.objects.count() == 1


@pytest.mark.parametrize("name", ["booking-create", "service-create", "settings", "time-off-create", "day-rule-set"])
def test_a_viewer_makes_nothing(name: str, nina: Professional, vera: Membership, login: Make) -> None:
    assert login(vera).post(reverse(f"bookings:{name}")).status_code == 403


def test_an_empty_agenda_says_what_to_do_first(ana: Membership, login: Make) -> None:
    page = soup(login(ana).get(reverse("bookings:agenda")))
    assert page.select_one(".empty a")["href"] == reverse("bookings:timetable")  # type: ignore[index]


def test_the_week_shows_each_booking_in_its_row(make_booking: Make, ana: Membership, login: Make) -> None:
    make_booking(MONDAY + timedelta(minutes=30))
    page = soup(login(ana).get(reverse("bookings:agenda") + "?dia=2026-12-09"))
    block = page.select_one(".agenda-block")
    assert block is not None
    # The grid begins at 8:00, so 9:30 is its seventh quarter of an hour.
    assert (block["data-row"], block["data-rows"]) == ("7", "4")
    assert "09:30 Rita Prado" in block.get_text()
    assert len(page.select(".agenda-day")) == 7
    assert len(page.select("[data-agenda-cells] > a[tabindex='0']")) == 1


def test_a_day_is_one_column_and_htmx_gets_the_grid_alone(make_booking: Make, ana: Membership, login: Make) -> None:
    make_booking()
    url = reverse("bookings:agenda") + "?dia=2026-12-07&visao=dia"
    answer = login(ana).get(url, headers={**HX, "HX-Target": "agenda"})
    page = soup(answer)
    assert page.select_one("html") is None
    assert len(page.select(".agenda-day")) == len(page.select(".agenda-block")) == 1
    assert page.select_one("[data-agenda-next]")["href"].endswith("dia=2026-12-08&visao=dia")  # type: ignore[index,union-attr]


def test_what_overlaps_stands_side_by_side(
    make_booking: Make, beto: Professional, ana: Membership, login: Make
) -> None:
    make_booking()
    make_booking(professional=beto)
    page = soup(login(ana).get(reverse("bookings:agenda") + "?dia=2026-12-07"))
    assert sorted(block["data-lane"] for block in page.select(".agenda-block")) == ["1", "2"]
    only = soup(login(ana).get(reverse("bookings:agenda") + f"?dia=2026-12-07&profissional={beto.pk}"))
    assert len(only.select(".agenda-block")) == 1


def test_the_agenda_of_a_full_week_takes_few_queries(
    make_booking: Make, ana: Membership, login: Make, django_assert_max_num_queries: Make
) -> None:
    client = login(ana)
    for day in range(5):
        for hour in (0, 1, 2, 4, 5, 6):
            make_booking(MONDAY + timedelta(days=day, hours=hour))
    client.get(reverse("bookings:agenda"))
    with django_assert_max_num_queries(26):
        assert client.get(reverse("bookings:agenda") + "?dia=2026-12-07").status_code == 200


@pytest.mark.parametrize("query", ["dia=x", "dia=9999-12-31", "dia=0001-01-01", "profissional=1", "visao=ano"])
def test_a_strange_address_shows_some_agenda(query: str, things: Any, ana: Membership, login: Make) -> None:
    assert login(ana).get(reverse("bookings:agenda") + f"?{query}").status_code == 200


def form_of(cleaning: Service, nina: Professional, **values: str) -> dict[str, str]:
    return {
        "service": str(cleaning.pk), "professional": str(nina.pk), "day": "2026-12-07", "clock": "09:00",
        "name": "Rita Prado", "phone": "(11) 98888-7777", **values,
    }  # fmt: skip


def test_the_team_books_and_lands_on_that_week(
    cleaning: Service, nina: Professional, bruno: Membership, login: Make
) -> None:
    answer = login(bruno).post(reverse("bookings:booking-create"), form_of(cleaning, nina))
    assert answer.headers["Location"] == reverse("bookings:agenda") + "?dia=2026-12-07"
    booking = Booking.objects.get()
    assert (booking.starts_at, booking.contact.phone, booking.created_by) == (MONDAY, "+5511988887777", bruno)


def test_the_phone_finds_the_contact_without_the_ninth_digit(
    cleaning: Service, nina: Professional, rita: Contact, bruno: Membership, login: Make
) -> None:
    login(bruno).post(reverse("bookings:booking-create"), form_of(cleaning, nina, phone="11 8888-7777", name="Outra"))
    assert Booking.objects.get().contact == rita
    rita.refresh_from_db()
    assert rita.name == "Rita Prado"


def test_a_taken_time_is_refused_with_what_was_typed(
    make_booking: Make, cleaning: Service, nina: Professional, bruno: Membership, login: Make
) -> None:
    make_booking()
    answer = login(bruno).post(reverse("bookings:booking-create"), form_of(cleaning, nina, notes="traz exame"))
    assert answer.status_code == 422
    assert "Este horário não está mais livre" in text(answer) and "traz exame" in text(answer)
    assert Booking.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"phone": ""}, "os lembretes vão para lá"),
        ({"phone": "123"}, ""),
        ({"day": ""}, ""),
        ({"clock": "25:00"}, ""),
        ({"service": "x"}, ""),
    ],
)
def test_what_cannot_be_booked_is_said(
    values: dict[str, str], words: str, cleaning: Service, nina: Professional, bruno: Membership, login: Make
) -> None:
    answer = login(bruno).post(reverse("bookings:booking-create"), form_of(cleaning, nina, **values))
    assert answer.status_code == 422 and soup(answer).select_one(".field-error") is not None
    assert words in text(answer)
    assert not Booking.objects.exists()


def test_only_who_does_the_service_is_booked_for_it(
    cleaning: Service, beto: Professional, bruno: Membership, login: Make
) -> None:
    answer = login(bruno).post(reverse("bookings:booking-create"), form_of(cleaning, beto))
    assert "Beto não faz este serviço" in text(answer)


def test_the_team_holds_a_time(cleaning: Service, nina: Professional, bruno: Membership, login: Make) -> None:
    login(bruno).post(reverse("bookings:booking-create"), form_of(cleaning, nina, hold="on"))
    booking = Booking.objects.get()
    assert (booking.state, booking.held_until) == (BookingState.HELD, FRIDAY_BEFORE + timedelta(days=1))


def test_the_form_opens_in_the_dialog_and_as_a_page(things: Any, ana: Membership, login: Make) -> None:
    url = reverse("bookings:booking-create") + "?inicio=2026-12-07T14:30"
    page = soup(login(ana).get(url))
    assert page.select_one("input[name=clock]")["value"] == "14:30"  # type: ignore[index]
    fragment = soup(login(ana).get(url, headers={**HX, "HX-Target": "booking-dialog"}))
    assert fragment.select_one("html") is None
    assert fragment.select_one("form")["hx-target"] == "#booking-dialog"  # type: ignore[index]


def test_a_booking_for_a_known_contact_asks_for_no_phone(
    cleaning: Service, nina: Professional, rita: Contact, ana: Membership, carla: Membership, login: Make
) -> None:
    url = reverse("bookings:booking-create")
    page = soup(login(ana).get(f"{url}?contato={rita.pk}"))
    assert page.select_one("input[name=phone]") is None
    values = form_of(cleaning, nina) | {"contato": str(rita.pk)}
    login(ana).post(url, values)
    assert Booking.objects.get().contact == rita
    assert login(carla).get(f"{url}?contato={rita.pk}").status_code == 404


def test_free_times_are_told_while_the_form_is_filled_in(
    make_booking: Make, cleaning: Service, nina: Professional, ana: Membership, login: Make
) -> None:
    make_booking()
    query = f"?service={cleaning.pk}&professional={nina.pk}&day=2026-12-07"
    words = text(login(ana).get(reverse("bookings:free-times") + query))
    assert words.startswith("Livres: 10:00") and "09:00" not in words


def test_the_team_moves_and_cancels(things: dict[str, Any], nina: Professional, bruno: Membership, login: Make) -> None:
    booking, client = things["booking"], login(bruno)
    client.post(
        reverse("bookings:booking-move", args=[booking.pk]),
        {"professional": nina.pk, "day": "2026-12-08", "clock": "10:00"},
    )
    booking.refresh_from_db()
    assert booking.starts_at == MONDAY + timedelta(days=1, hours=1)
    client.post(reverse("bookings:booking-cancel", args=[booking.pk]), {"reason": "viajou"})
    booking.refresh_from_db()
    assert (booking.state, booking.cancel_reason) == (BookingState.CANCELLED, "viajou")
    page = text(client.get(reverse("bookings:booking", args=[booking.pk])))
    assert "Remarcado para" in page and "Cancelado, por Bruno" in page


def test_moving_onto_a_taken_time_is_refused_in_words(
    make_booking: Make, nina: Professional, bruno: Membership, login: Make
) -> None:
    make_booking()
    second = make_booking(MONDAY + timedelta(hours=1))
    url = reverse("bookings:booking-move", args=[second.pk])
    answer = login(bruno).post(url, {"professional": nina.pk, "day": "2026-12-07", "clock": "09:00"})
    assert answer.status_code == 422 and "não está mais livre" in text(answer)


def test_the_team_notes_who_came(make_booking: Make, bruno: Membership, login: Make) -> None:
    booking = make_booking()
    client, url = login(bruno), reverse("bookings:booking-finish", args=[booking.pk])
    client.post(url, {"state": "done"})
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED
    with time_machine.travel(MONDAY + timedelta(hours=1), tick=False):
        client.post(url, {"state": "missed"})
        booking.refresh_from_db()
        assert booking.state == BookingState.MISSED


def test_a_held_time_is_confirmed_by_the_team(
    cleaning: Service, nina: Professional, rita: Contact, bruno: Membership, login: Make
) -> None:
    booking = hold(Wish(cleaning, nina, MONDAY, rita))
    login(bruno).post(reverse("bookings:booking-confirm", args=[booking.pk]))
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED


def test_a_service_is_created_and_changed(nina: Professional, ana: Membership, login: Make) -> None:
    client = login(ana)
    values = {
        "name": "Clareamento", "duration_minutes": "90", "price": "R$ 1.200,50", "buffer_before_minutes": "0",
        "buffer_after_minutes": "15", "color": "3", "professionals": [str(nina.pk)], "is_active": "on",
    }  # fmt: skip
    assert client.post(reverse("bookings:service-create"), values).status_code == 302
    service = Service.objects.get()
    assert (service.price_cents, service.duration_minutes, list(service.professionals.all())) == (120_050, 90, [nina])
    again = client.post(reverse("bookings:service-create"), values | {"name": "clareamento"})
    assert again.status_code == 422 and "Já existe um serviço com este nome" in text(again)
    client.post(reverse("bookings:service-edit", args=[service.pk]), values | {"professionals": [], "price": ""})
    service.refresh_from_db()
    assert service.price_cents == 0 and not service.professionals.exists()
    assert (
        client.post(reverse("bookings:service-edit", args=[service.pk]), values | {"price": "caro"}).status_code == 422
    )


def week(**values: str) -> dict[str, str]:
    return {"name": "Nina", "is_active": "on"} | values


def test_hours_are_kept_as_they_were_typed(ana: Membership, login: Make) -> None:
    client, url = login(ana), reverse("bookings:hours-edit", args=[ana.pk])
    assert soup(client.get(url)).select_one("input[name=from-0-0]")["value"] == "09:00"  # type: ignore[index]
    values = {"from-0-0": "08:00", "to-0-0": "12:00", "from-0-1": "13:30", "to-0-1": "00:00"}
    assert client.post(url, week(**values)).status_code == 302
    with activate_organization(ana.organization_id):
        rows = list(Professional.objects.get().hours.values_list("weekday", "start_minute", "end_minute"))
    assert rows == [(0, 480, 720), (0, 810, 1440)]
    assert "08:00-12:00" in text(client.get(reverse("bookings:timetable")))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"from-0-0": "08:00"}, "Cada período precisa de começo e fim."),
        ({"from-0-0": "12:00", "to-0-0": "08:00"}, "Cada período termina depois de começar."),
        ({"from-0-0": "08:00", "to-0-0": "12:00", "from-0-1": "11:00", "to-0-1": "13:00"}, "se sobrepõem"),
    ],
)
def test_hours_that_make_no_sense_are_refused_whole(
    values: dict[str, str], words: str, ana: Membership, login: Make
) -> None:
    answer = login(ana).post(reverse("bookings:hours-edit", args=[ana.pk]), week(**values))
    assert answer.status_code == 422 and words in text(answer)
    with activate_organization(ana.organization_id):
        assert not Professional.objects.exists()


def test_time_off_and_special_days_come_and_go(nina: Professional, ana: Membership, login: Make) -> None:
    client = login(ana)
    client.post(
        reverse("bookings:time-off-create"),
        {"professional": nina.pk, "first_day": "2026-12-07", "last_day": "2026-12-08", "reason": "viagem"},
    )
    off = TimeOff.objects.get()
    assert (off.during.lower, off.during.upper) == (datetime(2026, 12, 7, 3, tzinfo=MONDAY.tzinfo), datetime(2026, 12, 9, 3, tzinfo=MONDAY.tzinfo))  # fmt: skip
    client.post(reverse("bookings:day-rule-set"), {"day": "2026-12-25", "is_open": "1", "name": "Plantão"})
    page = text(client.get(reverse("bookings:days-off")))
    assert "viagem" in page and "Plantão" in page and "Confraternização Universal" in page
    client.post(reverse("bookings:time-off-delete", args=[off.pk]))
    client.post(reverse("bookings:day-rule-delete", args=[DayRule.objects.get().pk]))
    assert not TimeOff.objects.exists() and not DayRule.objects.exists()


def test_time_off_that_ends_before_it_begins_is_refused(nina: Professional, ana: Membership, login: Make) -> None:
    answer = login(ana).post(reverse("bookings:time-off-create"), {"first_day": "2026-12-08", "last_day": "2026-12-06"})
    assert answer.status_code == 422 and "O fim vem depois do começo" in text(answer)


def settings_form(**values: str) -> dict[str, str]:
    return {
        "slug": "clinica-acme", "slot_step_minutes": "30", "min_notice_minutes": "60", "horizon_days": "30",
        "hold_minutes": "60", "invoice_moment": "never", "owner_notice": "none", "state_code": "SP", **values,
    }  # fmt: skip


def test_settings_are_kept(ana: Membership, login: Make) -> None:
    answer = login(ana).post(reverse("bookings:settings"), settings_form(is_public="on", owner_notice="whatsapp", owner_phone="11 97777-6666"))  # fmt: skip
    assert answer.status_code == 302
    with activate_organization(ana.organization_id):
        kept = get_settings()
    assert (kept.slug, kept.is_public, kept.owner_phone, kept.state_code) == (
        "clinica-acme",
        True,
        "+5511977776666",
        "SP",
    )


def test_two_businesses_never_share_an_address(ana: Membership, carla: Membership, login: Make) -> None:
    login(carla).post(reverse("bookings:settings"), settings_form())
    answer = login(ana).post(reverse("bookings:settings"), settings_form())
    assert answer.status_code == 422 and "Outra empresa já usa este endereço" in text(answer)


def test_a_notice_to_nobody_is_refused(ana: Membership, login: Make) -> None:
    assert login(ana).post(reverse("bookings:settings"), settings_form(owner_notice="telegram")).status_code == 422


def test_an_agent_keeps_out_of_the_settings(bruno: Membership, login: Make) -> None:
    for name in ("settings", "service-create"):
        assert login(bruno).get(reverse(f"bookings:{name}")).status_code == 403


def test_wrong_methods_are_refused(things: dict[str, Any], ana: Membership, login: Make) -> None:
    client, booking = login(ana), things["booking"]
    for name in ("booking-confirm", "booking-finish"):
        assert client.get(reverse(f"bookings:{name}", args=[booking.pk])).status_code == 405
    assert client.delete(reverse("bookings:agenda")).status_code == 405


def test_no_page_carries_inline_style_or_script(things: dict[str, Any], ana: Membership, login: Make) -> None:
    client = login(ana)
    pages = [client.get(reverse(f"bookings:{name}")) for name in PAGES]
    pages += [
        client.get(reverse(f"bookings:{name}", args=[things[name].pk]))
        for name in ("booking", "service-edit", "hours-edit")
    ]
    for page in pages:
        assert not soup(page).select("[style], script:not([src])")
        assert not re.search(rb"\son\w+=", page.content)
