from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Membership, Organization
from bookings.models import Booking, Professional, Service
from bookings.services.booking import Wish, book
from bookings.services.schedule import save_professional, save_service
from core.phones import match_key
from core.tenancy import current_organization_id
from gateways.models import Channel, ChannelState
from leads.models import Contact

Make = Callable[..., Any]
# A Monday, 9:00 in São Paulo.
MONDAY = datetime(2026, 12, 7, 12, 0, tzinfo=UTC)
FRIDAY_BEFORE = MONDAY - timedelta(days=3)


@pytest.fixture
def nina(in_acme: Organization, ana: Membership) -> Professional:
    """Ana as somebody who can be booked, on weekdays from 9 to 12 and from 13 to 18."""
    return save_professional(ana, name="Nina", is_active=True, actor=ana)


@pytest.fixture
def beto(in_acme: Organization, bruno: Membership) -> Professional:
    return save_professional(bruno, name="Beto", is_active=True, actor=None)


@pytest.fixture
def cleaning(nina: Professional) -> Service:
    """An hour of Nina's, for R$ 180."""
    service = Service(
        organization_id=current_organization_id(), name="Limpeza", duration_minutes=60, price_cents=18_000
    )
    return save_service(service, professionals=[nina], actor=None)


@pytest.fixture
def rita(in_acme: Organization) -> Contact:
    phone = "+5511988887777"
    contact: Contact = Contact.objects.create(name="Rita Prado", phone=phone, phone_key=match_key(phone))
    return contact


@pytest.fixture
def simulator(in_acme: Organization) -> Channel:
    """A connected number on which nobody answers by itself."""
    channel = Channel(
        organization_id=in_acme.pk, provider="simulator", name="Recepção", state=ChannelState.CONNECTED,
        min_gap_ms=0, max_gap_ms=0, connected_at=datetime(2026, 1, 1, tzinfo=UTC), warm_up=False,
    )  # fmt: skip
    channel.config = {"speed": 1000, "replies": False}
    channel.save()
    return channel


@pytest.fixture
def make_booking(cleaning: Service, nina: Professional, rita: Contact) -> Make:
    def make(starts_at: datetime = MONDAY, **values: Any) -> Booking:
        return book(
            Wish(**({"service": cleaning, "professional": nina, "contact": rita, "starts_at": starts_at} | values))
        )

    return make
