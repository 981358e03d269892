"""A booking and everybody who must know of it: all of them are told, or it is off and nobody is left believing in it."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django.fixtures import Settings

from accounts.models import Membership, Organization
from accounts.services.secrets_store import set_secret
from billing.models import FiscalInvoice, InvoiceState
from bookings.models import Booking, BookingNotice, BookingState, NoticeState, SentMark
from bookings.services.booking import Wish, cancel, confirm, expire_holds, hold, process_id
from bookings.services.bot import TELEGRAM_TOKEN
from bookings.services.schedule import get_settings
from conversations.models import Conversation, Direction, Handler, Message
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.models import Contact
from sagas.definition import SagaStep
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import orchestrator
from tests.billing.charging import connect_focus
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make
from tests.support.fake_focus import FakeFocus, fake_focus
from tests.support.fake_telegram import CHAT, TOKEN, FakeTelegram, fake_telegram
from tests.support.jobs import drain
from tests.support.sagas import run_due_sagas

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(simulator: Channel) -> Any:
    with time_machine.travel(FRIDAY_BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def focus(settings: Settings, in_acme: Organization) -> Iterator[FakeFocus]:
    """A city hall that answers, for a business that issues when it is booked."""
    with fake_focus() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.FOCUS_NFE_BASES = {"producao": server.url, "homologacao": server.url}
        connect_focus(issue_at="booking")
        yield server


@pytest.fixture
def telegram(settings: Settings, in_acme: Organization) -> Iterator[FakeTelegram]:
    with fake_telegram() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.TELEGRAM_API_BASE = server.url
        set_secret(TELEGRAM_TOKEN, TOKEN, actor=None)
        own = get_settings()
        own.owner_notice, own.telegram_chat_id = "telegram", CHAT
        own.save()
        yield server


def settle(clock: Any) -> None:
    """Let workers run until nothing is due, and half a minute more for what waits on the city hall."""
    for _round in range(4):
        drain()
        run_due_sagas()
        clock.shift(timedelta(seconds=20))


def saga_of(booking: Booking) -> SagaExecution:
    return orchestrator.get_status(process_id(booking.pk))


def again(booking: Booking) -> Booking:
    found: Booking = Booking.objects.get(pk=booking.pk)
    return found


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def test_the_steps_are_those_that_were_agreed() -> None:
    steps = {step.name: step for step in orchestrator.definition("create_booking").steps}
    agreed = {"nf_api_call": (10, 3), "send_email": (5, 2), "send_telegram": (5, 1)}
    assert [name for name in steps if name in agreed] == list(agreed)
    assert {name: (steps[name].timeout, steps[name].retry_count) for name in agreed} == agreed
    undoes = {name: getattr(steps[name].compensation, "__name__", "") for name in agreed}
    assert undoes == {
        "nf_api_call": "cancel_nf", "send_email": "send_cancellation", "send_telegram": "notify_cancellation",
    }  # fmt: skip
    assert all(isinstance(step, SagaStep) and str(step.label) for step in steps.values())


def test_everybody_is_told_of_a_booking(
    make_booking: Make, clock: Any, focus: FakeFocus, telegram: FakeTelegram
) -> None:
    booking = make_booking(email="rita@example.com")
    settle(clock)
    saga = saga_of(booking)
    assert saga.state == SagaState.SUCCEEDED
    invoice = FiscalInvoice.objects.get()
    assert (invoice.state, invoice.amount_cents, invoice.taker_name) == (InvoiceState.AUTHORISED, 18_000, "Rita Prado")
    assert invoice.taker_email == "rita@example.com"
    assert "Limpeza" in invoice.description
    assert subjects() == ["Marcado: Limpeza, seg 7/12, 09:00"]
    message = mail.outbox[0]
    assert message.to == ["rita@example.com"]
    assert "Responda 1" not in str(message.body)
    assert "/r/" in str(message.body)
    assert str(message.attachments[0][1]).startswith("BEGIN:VCALENDAR")
    assert telegram.sent[0][0] == CHAT
    assert telegram.texts[0].startswith("Novo agendamento: Rita Prado, Limpeza com Nina, seg 7/12, 09:00\n")
    assert again(booking).state == BookingState.CONFIRMED


def test_the_process_begins_and_ends_with_the_transaction(make_booking: Make) -> None:
    booking = make_booking()
    assert saga_of(booking).state == SagaState.PENDING
    assert saga_of(booking).context == {"booking_id": str(booking.pk)}


def test_where_nothing_is_connected_nobody_is_told_and_the_booking_stands(make_booking: Make, clock: Any) -> None:
    booking = make_booking()
    settle(clock)
    results = {row.name: row.result for row in saga_of(booking).records.all()}
    assert saga_of(booking).state == SagaState.SUCCEEDED
    assert results["nf_api_call"] == {"skipped": "not_at_booking"}
    assert results["send_email"] == {"skipped": "no_address"}
    assert results["send_telegram"] == {"skipped": "not_wanted"}


def test_a_free_service_and_an_invoice_at_payment_issue_nothing(
    make_booking: Make, clock: Any, focus: FakeFocus, rita: Contact
) -> None:
    connect_focus(issue_at="payment")
    make_booking()
    settle(clock)
    connect_focus(issue_at="booking")
    Booking.objects.update(price_cents=0)
    free = make_booking(MONDAY + timedelta(hours=2))
    Booking.objects.filter(pk=free.pk).update(price_cents=0)
    settle(clock)
    assert not focus.calls
    assert saga_of(free).state == SagaState.SUCCEEDED


def test_a_held_time_has_no_process_until_it_is_confirmed(
    cleaning: Any, nina: Any, rita: Contact, clock: Any, telegram: FakeTelegram
) -> None:
    booking = hold(Wish(cleaning, nina, MONDAY, rita))
    settle(clock)
    assert not SagaExecution.objects.exists()
    confirm(booking, by="customer")
    settle(clock)
    assert saga_of(booking).state == SagaState.SUCCEEDED
    assert len(telegram.sent) == 1


def test_a_hold_that_lapses_has_nothing_to_undo(cleaning: Any, nina: Any, rita: Contact, clock: Any) -> None:
    booking = hold(Wish(cleaning, nina, MONDAY, rita), until=FRIDAY_BEFORE + timedelta(minutes=10))
    clock.shift(timedelta(minutes=11))
    expire_holds()
    settle(clock)
    assert again(booking).state == BookingState.CANCELLED


# ---- What fails


def test_an_invoice_that_is_refused_costs_the_booking_visibly(
    make_booking: Make, clock: Any, focus: FakeFocus, telegram: FakeTelegram, ana: Membership, login: Make
) -> None:
    focus.refuses = "O código do serviço não existe nesta cidade"
    booking = make_booking(email="rita@example.com")
    settle(clock)
    saga, off = saga_of(booking), again(booking)
    assert (saga.state, saga.failed_step) == (SagaState.FAILED, "nf_api_call")
    assert off.state == BookingState.CANCELLED
    assert off.cancel_reason == "Não foi possível concluir o agendamento: Emitir a nota fiscal"
    assert list(off.changes.values_list("action", "by")) == [("confirmed", "team"), ("cancelled", "system")]
    assert mail.outbox == []
    assert telegram.sent == []
    page = login(ana).get(f"/agenda/{booking.pk}/").content.decode()
    assert "Não foi possível concluir o agendamento" in page
    # The time is free again, and the customer hears of it in the chat.
    assert make_booking().state == BookingState.CONFIRMED
    kinds = set(BookingNotice.objects.filter(booking=booking, state=NoticeState.SENT).values_list("kind", flat=True))
    assert kinds == {"confirmed", "cancelled"}


def test_an_e_mail_that_cannot_leave_undoes_the_invoice(
    make_booking: Make, clock: Any, focus: FakeFocus, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: EmailBackend) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "open", refuse)
    booking = make_booking(email="rita@example.com")
    settle(clock)
    saga = saga_of(booking)
    assert (saga.state, saga.failed_step) == (SagaState.FAILED, "send_email")
    assert saga.records.get(name="send_email", kind="do").attempts == 3
    assert FiscalInvoice.objects.get().state == InvoiceState.CANCELLED
    assert sum(focus.cancelled.values()) == 1
    assert telegram.sent == []
    assert again(booking).state == BookingState.CANCELLED
    assert not SentMark.objects.exists()


def test_an_address_that_bounces_does_not_cost_the_customer_the_time(
    make_booking: Make, clock: Any, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: EmailBackend, _messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({"rita@exmaple.com": (550, b"no such user")})

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    booking = make_booking(email="rita@exmaple.com")
    settle(clock)
    assert saga_of(booking).state == SagaState.SUCCEEDED
    assert saga_of(booking).records.get(name="send_email").result == {"outcome": "refused"}
    assert len(telegram.sent) == 1


def test_a_mail_server_that_dies_in_the_middle_is_not_asked_twice(
    make_booking: Make, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def die(_self: EmailBackend, messages: Any) -> int:
        asked.append(messages)
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr(EmailBackend, "send_messages", die)
    booking = make_booking(email="rita@example.com")
    settle(clock)
    assert len(asked) == 1
    assert saga_of(booking).records.get(name="send_email", state="done").result == {"outcome": "unknown"}


@pytest.mark.parametrize(
    ("faults", "calls", "words"),
    [
        (["blocked"], 1, "O Telegram não deixa o robô escrever para esta conversa. Mande uma mensagem a ele primeiro."),
        (["down", "down"], 2, "O Telegram não respondeu."),
    ],
)
def test_a_business_that_cannot_be_told_undoes_e_mail_and_invoice(
    make_booking: Make, clock: Any, focus: FakeFocus, telegram: FakeTelegram, faults: list[str], calls: int, words: str
) -> None:
    telegram.faults = faults
    booking = make_booking(email="rita@example.com")
    settle(clock)
    saga = saga_of(booking)
    assert (saga.state, saga.failed_step) == (SagaState.FAILED, "send_telegram")
    assert words in saga.records.get(name="send_telegram", kind="do").error
    assert FiscalInvoice.objects.get().state == InvoiceState.CANCELLED
    assert subjects() == ["Marcado: Limpeza, seg 7/12, 09:00", "Cancelado: Limpeza, seg 7/12, 09:00"]
    assert (telegram.calls, telegram.sent) == (calls, [])
    assert again(booking).state == BookingState.CANCELLED


@pytest.mark.parametrize(("fault", "arrived"), [("gateway", 0), ("lost", 1)])
def test_a_lost_answer_of_telegram_is_not_asked_for_twice(
    make_booking: Make, clock: Any, telegram: FakeTelegram, fault: str, arrived: int
) -> None:
    telegram.faults = [fault]
    booking = make_booking()
    settle(clock)
    assert (telegram.calls, len(telegram.sent)) == (1, arrived)
    assert saga_of(booking).records.get(name="send_telegram", state="done").result["outcome"] == "unknown"
    cancel(again(booking), by="team")
    settle(clock)
    assert telegram.texts[-1].startswith("Agendamento cancelado")


def test_a_telegram_that_asks_for_patience_is_waited_for(
    make_booking: Make, clock: Any, telegram: FakeTelegram
) -> None:
    telegram.faults = ["busy"]
    booking = make_booking()
    drain()
    assert saga_of(booking).state == SagaState.IN_PROGRESS
    assert saga_of(booking).wait_reason
    settle(clock)
    assert saga_of(booking).state == SagaState.SUCCEEDED
    assert len(telegram.sent) == 1


def test_a_city_hall_that_does_not_cancel_leaves_the_process_to_people(
    make_booking: Make, clock: Any, focus: FakeFocus, telegram: FakeTelegram
) -> None:
    telegram.faults = ["blocked"]
    focus.refuses_cancelling = "Prazo de cancelamento esgotado"
    booking = make_booking()
    settle(clock)
    assert saga_of(booking).needs_attention
    assert again(booking).state == BookingState.CANCELLED


# ---- What is undone


def test_a_booking_that_is_cancelled_is_taken_back_everywhere(
    make_booking: Make, clock: Any, focus: FakeFocus, telegram: FakeTelegram
) -> None:
    booking = make_booking(email="rita@example.com")
    settle(clock)
    cancel(booking, by="customer")
    settle(clock)
    assert saga_of(booking).state == SagaState.FAILED
    assert FiscalInvoice.objects.get().state == InvoiceState.CANCELLED
    assert subjects()[1:] == ["Cancelado: Limpeza, seg 7/12, 09:00"]
    assert telegram.texts[1].startswith("Agendamento cancelado: Rita Prado")
    assert list(again(booking).changes.values_list("by", flat=True)) == ["team", "customer"]


def test_the_owner_undoes_the_process_and_the_booking_with_it(
    make_booking: Make, clock: Any, focus: FakeFocus, telegram: FakeTelegram
) -> None:
    booking = make_booking(email="rita@example.com")
    settle(clock)
    orchestrator.request_undo(process_id(booking.pk))
    settle(clock)
    off = again(booking)
    assert (off.state, off.cancel_reason) == (BookingState.CANCELLED, "Desfeito pela equipe")
    assert FiscalInvoice.objects.get().state == InvoiceState.CANCELLED
    assert len(mail.outbox) == 2
    assert len(telegram.sent) == 2
    # Once over, a second cancel or undo changes nothing.
    cancel(off, by="team")
    settle(clock)
    assert (len(mail.outbox), len(telegram.sent), sum(focus.cancelled.values())) == (2, 2, 1)


def test_one_that_is_cancelled_before_its_process_ran_tells_nobody(
    make_booking: Make, clock: Any, focus: FakeFocus, telegram: FakeTelegram
) -> None:
    booking = make_booking(email="rita@example.com")
    cancel(booking, by="team")
    settle(clock)
    assert saga_of(booking).state == SagaState.FAILED
    assert (mail.outbox, telegram.sent, dict(focus.issued)) == ([], [], {})


def test_trying_a_cancelled_booking_again_books_nothing(make_booking: Make, clock: Any, telegram: FakeTelegram) -> None:
    telegram.faults = ["blocked"]
    booking = make_booking()
    settle(clock)
    orchestrator.request_retry(process_id(booking.pk))
    settle(clock)
    assert saga_of(booking).state == SagaState.FAILED
    assert saga_of(booking).error == "Este agendamento foi cancelado."
    assert telegram.sent == []


def test_whatsapp_tells_the_business_once_and_nobody_sells_to_it(make_booking: Make, clock: Any) -> None:
    own = get_settings()
    own.owner_notice, own.owner_phone = "whatsapp", "+5511977776666"
    own.save()
    booking = make_booking()
    settle(clock)
    contact = Contact.objects.get(phone="+5511977776666")
    assert (contact.name, contact.status) == ("Acme", 0)
    thread = Conversation.objects.get(contact=contact)
    assert thread.handler == Handler.HUMAN
    cancel(booking, by="customer")
    settle(clock)
    rows = Message.objects.filter(conversation=thread, direction=Direction.OUT).order_by("created_at")
    said = list(rows.values_list("body", flat=True))
    assert [body.split(":")[0] for body in said] == ["Novo agendamento", "Agendamento cancelado"]


def test_processes_of_another_organization_are_their_own(
    make_booking: Make, clock: Any, telegram: FakeTelegram, carla: Membership
) -> None:
    booking = make_booking()
    settle(clock)
    with activate_organization(carla.organization_id):
        assert not SagaExecution.objects.filter(saga_id=process_id(booking.pk)).exists()
        assert not SentMark.objects.exists()


def test_the_bot_is_tried_out_before_bookings_depend_on_it(
    ana: Membership, login: Make, telegram: FakeTelegram, in_acme: Organization
) -> None:
    own = get_settings()
    form = {
        "slug": own.slug, "slot_step_minutes": 30, "min_notice_minutes": 120, "horizon_days": 60, "hold_minutes": 1440,
        "owner_notice": "telegram", "telegram_chat_id": "999", "telegram_token": "",
    }  # fmt: skip
    client = login(ana)
    refused = client.post("/agenda/configuracao/", form)
    assert refused.status_code == 422
    assert "O Telegram não conhece esta conversa" in refused.content.decode()
    assert client.post("/agenda/configuracao/", form | {"telegram_chat_id": CHAT}).status_code == 302
    # Unchanged, it is not tried again.
    assert client.post("/agenda/configuracao/", form | {"telegram_chat_id": CHAT}).status_code == 302
    page = client.get("/agenda/configuracao/").content.decode()
    assert TOKEN not in page
    assert f"…{TOKEN[-4:]}" in page
    assert telegram.sent == []
