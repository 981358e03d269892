"""From the question to the appointment on the Simulator, with nobody of the business in between."""

from datetime import datetime, timedelta

import pytest

from accounts.models import Membership
from bookings.availability import moment
from bookings.models import Booking, BookingOrigin, BookingState, Professional, Service, SlotOffer
from bookings.services.schedule import get_settings, save_professional, save_service, set_hours
from conversations.models import Conversation
from core.clock import local, now
from core.tenancy import current_organization_id
from sagas.models import SagaExecution
from sdr.models import Qualification, ReplyTurn
from tests.sdr.talk import Talk, bot_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def nina(ana: Membership, talk: Talk) -> Professional:
    """Somebody who works every day: turns live by the database's clock, so that no day can be chosen here."""
    own = get_settings()
    own.closes_on_holidays = False
    own.save()
    who = save_professional(ana, name="Nina", is_active=True, actor=None)
    set_hours(who, {day: [(9 * 60, 12 * 60), (13 * 60, 18 * 60)] for day in range(7)}, actor=None)
    return who


@pytest.fixture
def whitening(nina: Professional) -> Service:
    service = Service(organization_id=current_organization_id(), name="Clareamento", duration_minutes=60)
    return save_service(service, professionals=[nina], actor=None)


def say(talk: Talk, text: str) -> Conversation:
    thread = talk.say(text)
    talk.let_answer()
    return thread


def test_who_asks_for_a_time_gets_a_list_and_what_is_picked_is_booked(talk: Talk, whitening: Service) -> None:
    say(talk, "Oi, quero marcar clareamento, tem horário amanhã?")
    [offer] = bot_lines()
    tomorrow = local(now(), "America/Sao_Paulo").date() + timedelta(days=1)
    assert offer.startswith("Horários livres para Clareamento:\n1) ")
    assert f" {tomorrow.day}/{tomorrow.month}, 09:00\n2) " in offer
    thread = say(talk, "pode ser amanhã às 13")
    booking = Booking.objects.get()
    assert (booking.state, booking.origin) == (BookingState.CONFIRMED, BookingOrigin.SDR)
    assert booking.starts_at == moment(tomorrow, 13 * 60, "America/Sao_Paulo")
    assert booking.contact_id == thread.contact_id
    lines = bot_lines()
    assert len(lines) == 2
    assert "Seu horário está marcado" in lines[1]
    # The agenda has answered: no turn of the SDR is left over.
    assert not ReplyTurn.objects.filter(state__in=["waiting", "thinking"]).exists()
    assert SagaExecution.objects.get().state == "succeeded"


def test_the_question_of_times_is_left_to_nobody_else(talk: Talk, whitening: Service) -> None:
    say(talk, "quero agendar clareamento")
    assert Qualification.objects.get().unanswered == []
    thread = Conversation.objects.get()
    assert (thread.needs_human, thread.handler) == ("", "bot")


def test_after_other_words_the_sdr_goes_on(talk: Talk, whitening: Service) -> None:
    say(talk, "quero agendar clareamento")
    say(talk, "sou a Mariana Teixeira")
    assert len(bot_lines()) == 2
    assert not Booking.objects.exists()


def test_a_time_taken_meanwhile_brings_others(talk: Talk, whitening: Service, nina: Professional) -> None:
    say(talk, "quero agendar clareamento")
    first = SlotOffer.objects.get().slots[0]["starts_at"]
    other = Talk(talk.channel, "+5511977776666")
    say(other, "quero agendar clareamento")
    say(other, "1")
    assert Booking.objects.get().starts_at == datetime.fromisoformat(first)
    say(talk, "1")
    assert Booking.objects.count() == 1
    assert bot_lines()[-1].startswith("Este horário acabou de ser ocupado.")
    say(talk, "1")
    assert Booking.objects.count() == 2


def test_without_an_agenda_the_sdr_answers_as_before(talk: Talk) -> None:
    say(talk, "quero agendar clareamento")
    assert not SlotOffer.objects.exists()
    assert len(bot_lines()) == 1


def test_when_it_is_not_clear_of_what_the_sdr_asks(talk: Talk, whitening: Service, nina: Professional) -> None:
    more = Service(organization_id=current_organization_id(), name="Limpeza", duration_minutes=30)
    save_service(more, professionals=[nina], actor=None)
    say(talk, "tem horário amanhã?")
    assert not SlotOffer.objects.exists()


def test_an_answer_to_a_reminder_is_no_turn(talk: Talk, whitening: Service) -> None:
    say(talk, "quero agendar clareamento")
    say(talk, "2")
    turns = ReplyTurn.objects.count()
    say(talk, "3")
    assert Booking.objects.get().state == BookingState.CANCELLED
    assert ReplyTurn.objects.count() == turns
    assert "Este agendamento foi cancelado" in bot_lines()[-1]
