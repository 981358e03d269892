"""Messages about bookings: each once, through the conversation's number, and what the customer answers to them."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection

from accounts.models import Organization
from bookings.models import (
    Booking,
    BookingNotice,
    BookingOrigin,
    BookingState,
    NoticeKind,
    NoticeState,
    Professional,
    Service,
    SlotOffer,
)
from bookings.services import notices, replies
from bookings.services.booking import Wish, book, cancel, finish, hold, move
from bookings.services.chat import book_choice, offer_slots
from bookings.services.schedule import get_settings
from bookings.services.threads import say
from conversations.events import CustomerReplied
from conversations.models import Conversation, ConversationStatus, Direction, Message, MessageState, Origin
from core.clock import now
from core.ids import uuid7
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.models import Contact, TimelineEntry
from leads.services.contacts import opt_out
from sagas.outbox import deliver_due
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock(simulator: Channel) -> Any:
    with time_machine.travel(FRIDAY_BEFORE, tick=False) as traveller:
        yield traveller


def said() -> list[str]:
    return list(
        Message.objects.filter(direction=Direction.OUT).order_by("created_at", "pk").values_list("body", flat=True)
    )


def states() -> dict[str, str]:
    return {notice.kind: notice.state for notice in BookingNotice.objects.order_by("created_at")}


def reply(text: str, *, is_old: bool = False) -> CustomerReplied:
    """Let the customer write into the newest chat, as the inbox hears of it."""
    thread = Conversation.objects.get()
    message = Message.objects.create(
        conversation=thread, channel_id=thread.channel_id, direction=Direction.IN, origin=Origin.CUSTOMER, body=text,
        state=MessageState.RECEIVED, at=now(),
    )  # fmt: skip
    event = CustomerReplied(
        str(thread.organization_id), conversation_id=str(thread.pk), contact_id=str(thread.contact_id),
        channel_id=str(thread.channel_id), message_id=str(message.pk), text=text, at=now().isoformat(), is_old=is_old,
    )  # fmt: skip
    replies.answer(event)
    drain()
    return event


def go(clock: Any, to: datetime) -> None:
    clock.move_to(to)
    notices.send_due_notices()
    drain()


def test_a_booking_is_confirmed_and_reminded_once_each(make_booking: Make, clock: Any) -> None:
    make_booking()
    drain()
    assert len(said()) == 1
    assert said()[0].startswith("Olá, Rita. Seu horário está marcado:\n\nLimpeza com Nina, seg 7/12, 09:00")
    assert "Responda 1 para confirmar, 2 para remarcar ou 3 para cancelar." in said()[0]
    go(clock, MONDAY - 25 * HOUR)
    assert len(said()) == 1
    for _again in range(3):
        go(clock, MONDAY - 24 * HOUR + timedelta(minutes=1))
    assert len(said()) == 2 and "Seu horário é amanhã" in said()[1]
    for _again in range(3):
        go(clock, MONDAY - HOUR + timedelta(minutes=1))
    assert len(said()) == 3 and "Seu horário está chegando" in said()[2]
    assert set(states().values()) == {NoticeState.SENT}


def test_events_told_twice_plan_and_say_nothing_twice(make_booking: Make) -> None:
    booking = make_booking()
    drain()
    for _again in range(3):
        notices.plan(booking.pk, NoticeKind.CONFIRMED, booking.version, by="team")
        drain()
    assert len(said()) == 1 and BookingNotice.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_many_workers_write_a_notice_once(make_booking: Make, in_acme: Organization) -> None:
    make_booking()
    deliver_due()
    notice = BookingNotice.objects.get(kind=NoticeKind.CONFIRMED)
    gate, failures = Barrier(6), []

    def work() -> None:
        try:
            with activate_organization(in_acme.pk):
                gate.wait(timeout=60)
                notices.send(notice.pk)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not failures and Message.objects.count() == 1


def test_a_worker_that_dies_while_writing_has_written_nothing(
    make_booking: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_booking()
    deliver_due()
    notice = BookingNotice.objects.get(kind=NoticeKind.CONFIRMED)

    def die(_notice: BookingNotice) -> None:
        assert Message.objects.count() == 1  # the message is written, the notice is not settled yet
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            notices,
            "now",
            lambda: (_ for _ in ()).throw(KeyboardInterrupt()) if Message.objects.exists() else FRIDAY_BEFORE,
        )
        with pytest.raises(KeyboardInterrupt):
            notices.send(notice.pk)
    assert not Message.objects.exists()
    notices.send(notice.pk)
    assert Message.objects.count() == 1


def test_a_move_is_told_and_the_old_reminders_are_dropped(make_booking: Make, clock: Any) -> None:
    booking = make_booking()
    drain()
    move(booking, MONDAY + 24 * HOUR, by="team")
    drain()
    assert "Seu agendamento tem um novo horário" in said()[-1] and "ter 8/12, 09:00" in said()[-1]
    go(clock, MONDAY + timedelta(minutes=1))
    assert len(said()) == 3  # the reminder of the day before the new time
    assert "Seu horário é amanhã" in said()[-1]
    assert BookingNotice.objects.filter(version=1, state=NoticeState.SKIPPED, reason="stale").count() == 2


def test_a_cancelled_booking_is_told_and_no_more_reminded(make_booking: Make, clock: Any) -> None:
    booking = make_booking()
    drain()
    cancel(booking, by="team")
    drain()
    assert "Este agendamento foi cancelado" in said()[-1]
    go(clock, MONDAY - HOUR)
    assert len(said()) == 2


def test_a_finished_booking_is_not_reminded(make_booking: Make, clock: Any) -> None:
    booking = make_booking(FRIDAY_BEFORE + 5 * HOUR)
    drain()
    clock.move_to(FRIDAY_BEFORE + 5 * HOUR)
    finish(booking, BookingState.DONE, actor=None)
    drain()
    assert not BookingNotice.objects.filter(state=NoticeState.PLANNED).exists()


def test_a_reminder_that_lay_still_for_too_long_is_left_out(make_booking: Make, clock: Any) -> None:
    make_booking()
    drain()
    go(clock, MONDAY - 10 * HOUR)
    assert states()[NoticeKind.DAY_BEFORE] == NoticeState.SKIPPED
    assert len(said()) == 1


def test_reminders_can_be_switched_off(make_booking: Make) -> None:
    own = get_settings()
    own.reminds_day_before = own.reminds_hour_before = False
    own.save()
    make_booking()
    drain()
    assert list(states()) == [NoticeKind.CONFIRMED]


def test_the_teams_news_of_the_night_wait_for_the_morning(make_booking: Make, clock: Any) -> None:
    night = datetime(2026, 12, 5, 2, 30, tzinfo=UTC)  # Friday, 23:30
    clock.move_to(night)
    make_booking()
    drain()
    assert said() == []
    go(clock, datetime(2026, 12, 5, 11, 0, tzinfo=UTC))
    assert len(said()) == 1


def test_who_asked_for_silence_is_not_written_to(make_booking: Make, rita: Contact, clock: Any) -> None:
    opt_out(rita.pk, reason="sair", at=now())
    make_booking(email="rita@example.com")
    drain()
    go(clock, MONDAY - 24 * HOUR)
    assert said() == []
    assert set(BookingNotice.objects.exclude(state=NoticeState.PLANNED).values_list("reason", flat=True)) == {
        "opted_out"
    }
    # The confirmation and the reminder.
    assert [message.to for message in mail.outbox] == [["rita@example.com"]] * 2


def test_without_any_number_the_notice_says_why(make_booking: Make, simulator: Channel) -> None:
    simulator.removed_at = now()
    simulator.save()
    make_booking()
    drain()
    assert BookingNotice.objects.get(kind=NoticeKind.CONFIRMED).reason == "no_number"


def test_reminders_are_mailed_once_where_there_is_an_address(make_booking: Make, clock: Any) -> None:
    make_booking(email="rita@example.com")
    drain()
    for _again in range(3):
        go(clock, MONDAY - 24 * HOUR)
    assert [message.subject for message in mail.outbox][1:] == ["Lembrete: Limpeza, seg 7/12, 09:00"]
    assert "Limpeza com Nina" in str(mail.outbox[1].body)
    # Nobody can answer an e-mail with a number.
    assert "Responda 1" not in str(mail.outbox[1].body)
    assert "/r/" in str(mail.outbox[1].body)


def test_the_chat_in_use_is_the_one_written_to(make_booking: Make, rita: Contact, simulator: Channel) -> None:
    thread = Conversation.objects.create(contact=rita, channel=simulator, last_message_at=now())
    make_booking()
    drain()
    assert Message.objects.get().conversation == thread
    assert Conversation.objects.get().status == ConversationStatus.OPEN


def test_a_chat_opened_for_a_notice_stays_out_of_the_inbox_until_the_customer_answers(make_booking: Make) -> None:
    make_booking()
    drain()
    assert Conversation.objects.get().status == ConversationStatus.WAITING


def test_the_contacts_page_tells_of_bookings(make_booking: Make, rita: Contact) -> None:
    booking = make_booking()
    drain()
    move(booking, MONDAY + HOUR, by="customer")
    drain()
    cancel(booking, by="customer")
    drain()
    titles = list(
        TimelineEntry.objects.filter(contact=rita, kind="booking").order_by("at", "id").values_list("title", flat=True)
    )
    assert titles == ["Marcado: Limpeza, seg 7/12, 09:00", "Novo horário: Limpeza, seg 7/12, 10:00", "Cancelado: Limpeza, seg 7/12, 10:00"]  # fmt: skip


# ---- Answers


def test_one_confirms(make_booking: Make) -> None:
    booking = make_booking()
    drain()
    reply("1")
    booking.refresh_from_db()
    assert booking.attendance_confirmed_at is not None
    assert said()[-1] == "Confirmado. Até seg 7/12, 09:00."


def test_after_confirming_the_customer_may_still_cancel(make_booking: Make) -> None:
    booking = make_booking()
    drain()
    reply("sim")
    reply("cancelar")
    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED
    assert "Este agendamento foi cancelado" in said()[-1]


def test_three_cancels_and_frees_the_time(make_booking: Make) -> None:
    booking = make_booking()
    drain()
    reply("3")
    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED
    assert make_booking().state == BookingState.CONFIRMED


def test_two_offers_times_and_a_number_moves(make_booking: Make) -> None:
    booking = make_booking()
    drain()
    reply("2")
    assert said()[-1].startswith("Horários livres para Limpeza:\n1) ")
    assert "Mais horários: http" in said()[-1]
    offered = SlotOffer.objects.get().slots[1]["starts_at"]
    reply("2")
    booking.refresh_from_db()
    assert (booking.state, booking.starts_at.isoformat()) == (
        BookingState.MOVED,
        datetime.fromisoformat(offered).astimezone(UTC).isoformat(),
    )
    assert "Seu agendamento tem um novo horário" in said()[-1]


def test_a_held_time_is_confirmed_by_answering(cleaning: Service, nina: Professional, rita: Contact) -> None:
    booking = hold(Wish(cleaning, nina, MONDAY, rita))
    drain()
    assert "Reservamos um horário para você" in said()[0] and "Fica guardado para você até sáb 5/12, 09:00" in said()[0]
    reply("confirmo")
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED
    assert "Seu horário está marcado" in said()[-1] and len(said()) == 2


def test_the_same_answer_delivered_twice_acts_once(make_booking: Make) -> None:
    make_booking()
    drain()
    event = reply("1")
    replies.answer(event)
    drain()
    assert len(said()) == 2
    assert replies.takes(event)


def test_an_answer_to_something_else_is_left_alone(make_booking: Make) -> None:
    booking = make_booking()
    drain()
    say(Conversation.objects.get(), "Temos 3 opções de plano, qual prefere?", "plans")
    event = reply("3")
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED
    assert not replies.takes(event)


def test_a_question_is_left_to_others(make_booking: Make) -> None:
    make_booking()
    drain()
    assert not replies.takes(reply("posso levar meu filho de 3 anos?"))
    assert len(said()) == 1


def test_an_old_answer_found_late_changes_nothing(make_booking: Make) -> None:
    booking = make_booking()
    drain()
    reply("3", is_old=True)
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED


def test_an_answer_after_the_time_changes_nothing(make_booking: Make, clock: Any) -> None:
    booking = make_booking()
    drain()
    clock.move_to(MONDAY + timedelta(minutes=1))
    reply("3")
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED


def test_a_held_time_that_lapsed_is_answered_in_words(
    cleaning: Service, nina: Professional, rita: Contact, clock: Any
) -> None:
    hold(Wish(cleaning, nina, MONDAY, rita))
    drain()
    clock.move_to(FRIDAY_BEFORE + 25 * HOUR)
    reply("1")
    assert said()[-1] == "O prazo para confirmar passou. Escolha outro horário."


# ---- Times offered in a chat


@pytest.fixture
def thread(rita: Contact, simulator: Channel) -> Conversation:
    made: Conversation = Conversation.objects.create(contact=rita, channel=simulator, last_message_at=now())
    return made


def test_the_customer_books_what_they_pick(thread: Conversation, cleaning: Service) -> None:
    offer = offer_slots(thread, cleaning, key="turn:1", lead="Claro.")
    assert offer is not None and said()[0].startswith("Claro.\n\nHorários livres para Limpeza:\n1) ")
    reply("quero a 2 por favor")
    booking = Booking.objects.get()
    assert booking.origin == BookingOrigin.SDR and booking.contact == thread.contact
    assert booking.starts_at == datetime.fromisoformat(offer.slots[1]["starts_at"])
    assert "Seu horário está marcado" in said()[-1]


def test_times_are_spread_over_days_and_never_too_many(thread: Conversation, cleaning: Service) -> None:
    offer = offer_slots(thread, cleaning, key="turn:1")
    assert offer is not None and len(offer.slots) == 4
    days = [slot["starts_at"][:10] for slot in offer.slots]
    assert max(days.count(day) for day in days) <= 2


def test_the_same_offer_is_made_once(thread: Conversation, cleaning: Service) -> None:
    first, second = (offer_slots(thread, cleaning, key="turn:1") for _ in range(2))
    assert first == second and len(said()) == 1 and SlotOffer.objects.count() == 1


def test_a_slot_taken_meanwhile_brings_other_times(
    thread: Conversation, cleaning: Service, nina: Professional, simulator: Channel
) -> None:
    offer = offer_slots(thread, cleaning, key="turn:1")
    assert offer is not None
    other = Contact.objects.create(name="Outra", phone="+5511977776666", phone_key="+551177776666")
    book(Wish(cleaning, nina, datetime.fromisoformat(offer.slots[0]["starts_at"]), other))
    event_text = "1"
    assert book_choice(thread, event_text, key="reply:1") is None
    assert said()[-1].startswith("Este horário acabou de ser ocupado.\n\nHorários livres")
    assert Booking.objects.count() == 1
    made = book_choice(thread, "1", key="reply:2")
    assert made is not None and made.contact == thread.contact


def test_without_free_times_nothing_is_offered(thread: Conversation, cleaning: Service, nina: Professional) -> None:
    nina.is_active = False
    nina.save()
    assert offer_slots(thread, cleaning, key="turn:1") is None and said() == []


def test_a_pick_from_nothing_books_nothing(thread: Conversation) -> None:
    assert book_choice(thread, "1", key=str(uuid7())) is None
