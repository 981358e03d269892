"""A person who asked to be erased leaves no trace in the agenda."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail

from bookings.models import Booking, BookingChange, BookingState, Professional
from bookings.services.booking import cancel
from bookings.services.google.accounts import Grant, connect
from conversations.models import Direction, Message
from core.clock import now
from gateways.models import Channel
from leads.models import Contact
from leads.services.contacts import anonymise
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make
from tests.bookings.test_google import google, work
from tests.support.fake_google import FakeGoogle

pytestmark = pytest.mark.django_db
__all__ = ["google"]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(FRIDAY_BEFORE, tick=False) as traveller:
        yield traveller


def test_nothing_of_an_erased_person_stays_here_or_in_google(
    google: FakeGoogle, nina: Professional, make_booking: Make, rita: Contact, simulator: Channel, clock: Any
) -> None:
    connect(nina, Grant("nina@gmail.example", "access-1", "refresh-1", now() + 90 * 24 * HOUR), actor=None)
    over = make_booking(MONDAY, notes="alérgica", email="rita@example.com")
    off = make_booking(MONDAY + HOUR)
    cancel(off, reason="a Rita viajou", by="team")
    ahead = make_booking(MONDAY + 48 * HOUR, notes="trazer exame", email="rita@example.com")
    work()
    assert len(google.standing()) == 2
    clock.move_to(MONDAY + 3 * HOUR)
    said, mailed = Message.objects.filter(direction=Direction.OUT).count(), len(mail.outbox)
    anonymise(rita, actor=None)
    work()
    rows = Booking.objects.order_by("during")
    assert [(row.email, row.notes) for row in rows] == [("", "")] * 3
    assert list(BookingChange.objects.exclude(reason="").values_list("reason", flat=True)) == [
        "Os dados desta pessoa foram apagados"
    ]
    assert Booking.objects.get(pk=ahead.pk).state == BookingState.CANCELLED
    assert Booking.objects.get(pk=over.pk).state == BookingState.CONFIRMED
    assert google.standing() == {}
    # Nobody is written to any more.
    assert Message.objects.filter(direction=Direction.OUT).count() == said
    assert len(mail.outbox) == mailed
