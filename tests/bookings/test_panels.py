"""A contact's appointments where people work: beside the chat, on the contact's page, in its history."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup

from accounts.models import Membership
from bookings.services.booking import cancel
from conversations.models import Conversation, ConversationStatus
from core.clock import now
from gateways.models import Channel
from leads.models import Contact
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _friday() -> Any:
    with time_machine.travel(FRIDAY_BEFORE, tick=False):
        yield


def section(response: Any, title: str) -> str:
    soup = BeautifulSoup(response.content, "html.parser")
    heading = next((one for one in soup.find_all("h2") if title in one.get_text()), None)
    assert heading is not None
    card = heading.find_parent(class_=["card", "panel-section"])
    return " ".join(card.get_text(" ").split()) if card else ""


def test_the_contacts_page_shows_what_lies_ahead_and_what_was(
    make_booking: Make, rita: Contact, ana: Membership, login: Make
) -> None:
    off = make_booking(MONDAY + timedelta(hours=3))
    make_booking()
    cancel(off, by="team")
    drain()
    page = login(ana).get(f"/leads/{rita.pk}/")
    shown = section(page, "Agendamentos")
    assert "seg 7/12, 09:00 Limpeza · Nina" in shown
    assert "cancelado" in shown
    assert "Marcado: Limpeza, seg 7/12, 09:00" in page.content.decode()


def test_the_inbox_shows_the_next_appointment(
    make_booking: Make, rita: Contact, simulator: Channel, ana: Membership, vera: Membership, login: Make
) -> None:
    thread = Conversation.objects.create(
        contact=rita, channel=simulator, last_message_at=now(), status=ConversationStatus.OPEN
    )
    make_booking()
    shown = section(login(ana).get(f"/conversas/{thread.pk}/"), "Agendamentos")
    assert "seg 7/12, 09:00 Limpeza · Nina" in shown
    assert "Marcar" in shown
    assert "Marcar" not in section(login(vera).get(f"/conversas/{thread.pk}/"), "Agendamentos").replace(
        "Agendamentos", ""
    )


def test_where_nobody_takes_bookings_nothing_is_shown(rita: Contact, ana: Membership, login: Make) -> None:
    assert "t-bookings" not in login(ana).get(f"/leads/{rita.pk}/").content.decode()


def test_the_bookings_page_tells_what_was_done_around_it(make_booking: Make, ana: Membership, login: Make) -> None:
    booking = make_booking(email="rita@example.com")
    page = f"/agenda/{booking.pk}/"
    assert "em andamento" in section(login(ana).get(page), "Em volta do agendamento")
    drain()
    shown = section(login(ana).get(page), "Em volta do agendamento")
    assert "Avisar o cliente por e-mail feito" in shown
    assert "Emitir" not in shown
    cancel(booking, by="team")
    drain()
    assert "Avisar o cliente por e-mail desfeito" in section(login(ana).get(page), "Em volta do agendamento")
