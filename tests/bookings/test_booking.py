"""Bookings through their life, and the constraint that refuses two in one place."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import Membership, Organization
from bookings.errors import BookingStateError, SlotTakenError, TooManyBookingsError
from bookings.models import Booking, BookingOrigin, BookingState, Professional, Service
from bookings.services.booking import Wish, book, cancel, confirm, expire_holds, finish, hold, move
from bookings.services.schedule import add_time_off, save_professional, save_service, set_day_rule
from bookings.services.slots import open_slots
from core.tenancy import activate_organization
from leads.models import Contact
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _friday() -> object:
    with time_machine.travel(FRIDAY_BEFORE, tick=False):
        yield


def clocks(service: Service, *who: Professional, **values: object) -> list[str]:
    slots = open_slots(service, list(who), MONDAY.date(), MONDAY.date(), **values)  # type: ignore[arg-type]
    return [f"{(slot.starts_at - timedelta(hours=3)):%H:%M}" for slot in slots]


def test_a_booking_keeps_the_price_and_name_of_its_day(make_booking: Make, cleaning: Service) -> None:
    booking = make_booking()
    save_service(cleaning, professionals=[booking.professional], actor=None, name="Profilaxia", price_cents=1)
    booking.refresh_from_db()
    assert (booking.service_name, booking.price_cents, booking.state) == ("Limpeza", 18_000, BookingState.CONFIRMED)
    assert booking.ends_at - booking.starts_at == HOUR


def test_a_second_booking_over_the_first_is_refused_in_words(make_booking: Make) -> None:
    make_booking()
    with pytest.raises(SlotTakenError, match="não está mais livre"):
        make_booking(MONDAY + timedelta(minutes=30))
    assert Booking.objects.count() == 1


def test_buffers_count_as_taken(make_booking: Make, cleaning: Service, nina: Professional) -> None:
    save_service(cleaning, professionals=[nina], actor=None, buffer_after_minutes=15)
    make_booking()
    with pytest.raises(SlotTakenError):
        make_booking(MONDAY + HOUR)
    make_booking(MONDAY + timedelta(minutes=75))


def test_two_professionals_work_at_the_same_time(make_booking: Make, beto: Professional) -> None:
    make_booking()
    make_booking(professional=beto)
    assert Booking.objects.count() == 2


def test_the_database_itself_refuses_an_overlap(make_booking: Make) -> None:
    first = make_booking()
    second = make_booking(MONDAY + HOUR)
    with pytest.raises(IntegrityError, match="booking_never_twice"), transaction.atomic():
        Booking.objects.filter(pk=second.pk).update(during=first.during, blocked=first.blocked)


def test_the_number_is_the_professionals_own(make_booking: Make, beto: Professional) -> None:
    booking = make_booking()
    with pytest.raises(IntegrityError, match="number_fk"), transaction.atomic(), connection.cursor() as cursor:
        Booking.objects.filter(pk=booking.pk).update(professional_number=beto.number)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_booking_never_points_into_another_organization(make_booking: Make, carla: Membership) -> None:
    booking = make_booking()
    with activate_organization(carla.organization_id):
        stranger = Contact.objects.create(name="De fora")
    with pytest.raises(IntegrityError, match="org_fk"), transaction.atomic(), connection.cursor() as cursor:
        Booking.objects.filter(pk=booking.pk).update(contact=stranger)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_the_slot(
    cleaning: Service, nina: Professional, rita: Contact, in_acme: Organization
) -> None:
    gate, outcomes = Barrier(6), []

    def try_to_book(raw: bool) -> None:
        try:
            with activate_organization(in_acme.pk):
                gate.wait(timeout=60)
                if raw:
                    _insert_without_asking(cleaning, nina, rita)
                else:
                    book(Wish(cleaning, nina, MONDAY, rita))
            outcomes.append("booked")
        except SlotTakenError:
            outcomes.append("taken")
        except IntegrityError as error:
            assert "booking_never_twice" in str(error)
            outcomes.append("taken")
        finally:
            connection.close()

    # Half of them go past every check of the code: only the database stands between.
    threads = [Thread(target=try_to_book, args=(number % 2 == 0,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(outcomes) == ["booked", *["taken"] * 5]
    assert Booking.objects.count() == 1


def _insert_without_asking(service: Service, professional: Professional, contact: Contact) -> None:
    during = DateTimeTZRange(MONDAY, MONDAY + HOUR)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two inserts that wait for each other would be told apart only by the deadlock detector.
            cursor.execute("SELECT 1 FROM bookings_professional WHERE id = %s FOR NO KEY UPDATE", [professional.pk])
        Booking.objects.create(
            contact=contact, service=service, professional=professional, professional_number=professional.number,
            during=during, blocked=during, service_name="x",
        )  # fmt: skip


def test_a_cancelled_booking_gives_its_time_back(make_booking: Make) -> None:
    booking = make_booking()
    cancel(booking, reason="viajou", by="team")
    again = make_booking()
    booking.refresh_from_db()
    assert (booking.state, booking.cancel_reason, again.state) == ("cancelled", "viajou", "confirmed")
    assert cancel(booking, by="customer").state == BookingState.CANCELLED


def test_a_moved_booking_stands_at_the_new_time_only(make_booking: Make) -> None:
    booking = move(make_booking(), MONDAY + 2 * HOUR, by="team")
    assert (booking.state, booking.version, booking.starts_at) == (BookingState.MOVED, 2, MONDAY + 2 * HOUR)
    assert make_booking().state == BookingState.CONFIRMED


def test_moving_onto_another_booking_changes_nothing(make_booking: Make) -> None:
    make_booking()
    second = make_booking(MONDAY + HOUR)
    with pytest.raises(SlotTakenError):
        move(second, MONDAY, by="team")
    second.refresh_from_db()
    assert (second.starts_at, second.version) == (MONDAY + HOUR, 1)


def test_a_booking_may_move_over_its_own_old_time(make_booking: Make) -> None:
    assert move(make_booking(), MONDAY + timedelta(minutes=30), by="customer").version == 2


def test_a_customer_moves_to_free_slots_only(make_booking: Make) -> None:
    booking = make_booking()
    with pytest.raises(SlotTakenError):
        move(booking, MONDAY + 3 * HOUR, by="customer")  # the lunch break
    assert move(booking, MONDAY + 3 * HOUR, by="team").starts_at == MONDAY + 3 * HOUR


def test_a_held_slot_is_taken_until_it_lapses(
    make_booking: Make, cleaning: Service, nina: Professional, rita: Contact
) -> None:
    held = hold(Wish(cleaning, nina, MONDAY, rita), until=FRIDAY_BEFORE + HOUR)
    assert "09:00" not in clocks(cleaning, nina)
    with pytest.raises(SlotTakenError):
        make_booking()
    with time_machine.travel(FRIDAY_BEFORE + HOUR, tick=False):
        assert "09:00" in clocks(cleaning, nina)
        make_booking()
        held.refresh_from_db()
        assert held.state == BookingState.CANCELLED
        with pytest.raises(BookingStateError):
            confirm(held, by="customer")


def test_a_held_slot_that_is_confirmed_stays(cleaning: Service, nina: Professional, rita: Contact) -> None:
    held = confirm(hold(Wish(cleaning, nina, MONDAY, rita), until=FRIDAY_BEFORE + HOUR), by="customer")
    with time_machine.travel(FRIDAY_BEFORE + 2 * HOUR, tick=False):
        expire_holds()
    held.refresh_from_db()
    assert held.state == BookingState.CONFIRMED and held.attendance_confirmed_at is not None


def test_the_sweep_gives_lapsed_slots_back_and_says_so(cleaning: Service, nina: Professional, rita: Contact) -> None:
    hold(Wish(cleaning, nina, MONDAY, rita), until=FRIDAY_BEFORE + HOUR)
    with time_machine.travel(FRIDAY_BEFORE + 2 * HOUR, tick=False):
        expire_holds()
        expire_holds()
    assert Booking.objects.get().cancel_reason == "Não confirmado a tempo"
    assert list(Booking.objects.get().changes.values_list("action", flat=True)) == ["held", "cancelled"]


def test_confirming_again_says_that_the_customer_will_come(make_booking: Make) -> None:
    booking = confirm(make_booking(), by="customer")
    first = booking.attendance_confirmed_at
    assert first is not None
    assert confirm(booking, by="customer").attendance_confirmed_at == first
    assert move(booking, MONDAY + HOUR, by="team").attendance_confirmed_at is None


def test_done_and_missed_wait_for_the_time(make_booking: Make, ana: Membership) -> None:
    booking = make_booking()
    with pytest.raises(BookingStateError):
        finish(booking, BookingState.DONE, actor=ana)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        assert finish(booking, BookingState.MISSED, actor=ana).state == BookingState.MISSED
        assert finish(booking, BookingState.DONE, actor=ana).state == BookingState.DONE
        with pytest.raises(BookingStateError):
            cancel(booking, by="team")
        with pytest.raises(BookingStateError):
            move(booking, MONDAY + 30 * HOUR, by="team")


def test_a_customer_does_not_touch_what_has_begun(make_booking: Make) -> None:
    booking = make_booking()
    with time_machine.travel(MONDAY + timedelta(minutes=5), tick=False):
        for act in (lambda: cancel(booking, by="customer"), lambda: move(booking, MONDAY + 24 * HOUR, by="customer")):
            with pytest.raises(BookingStateError):
                act()
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED


def test_those_who_help_themselves_get_free_slots_and_a_few_of_them(
    cleaning: Service, nina: Professional, rita: Contact
) -> None:
    def mine(offset: int) -> Wish:
        return Wish(cleaning, nina, MONDAY + offset * HOUR, rita, origin=BookingOrigin.PUBLIC)

    with pytest.raises(SlotTakenError):
        book(mine(3))
    for offset in (0, 1, 2, 4, 5):
        book(mine(offset))
    with pytest.raises(TooManyBookingsError):
        book(mine(6))
    assert Booking.objects.count() == 5


def test_holidays_special_days_and_time_off_are_not_on_offer(
    cleaning: Service, nina: Professional, beto: Professional
) -> None:
    christmas = MONDAY + timedelta(days=18)
    save_service(cleaning, professionals=[nina, beto], actor=None)

    def count() -> int:
        return len(open_slots(cleaning, [nina], christmas.date(), christmas.date()))

    assert count() == 0
    set_day_rule(christmas.date(), is_open=True, name="Plantão", actor=None)
    assert count() > 0
    set_day_rule(MONDAY.date(), is_open=False, name="Aniversário da cidade", actor=None)
    assert clocks(cleaning, nina) == []
    add_time_off(nina, christmas, christmas + 24 * HOUR, reason="férias", actor=None)
    assert count() == 0
    assert len(open_slots(cleaning, [beto], christmas.date(), christmas.date())) > 0
    add_time_off(None, christmas, christmas + 24 * HOUR, reason="reforma", actor=None)
    assert len(open_slots(cleaning, [beto], christmas.date(), christmas.date())) == 0


def test_a_member_is_one_professional(ana: Membership, nina: Professional) -> None:
    again = save_professional(ana, name="Nina Prado", is_active=False, actor=ana)
    assert (again.pk, again.name, Professional.objects.count()) == (nina.pk, "Nina Prado", 1)
    assert again.hours.count() == 10
