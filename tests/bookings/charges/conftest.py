from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import Organization
from billing.models import Charge
from bookings.charges.services import Occasion, ask_payment
from leads.models import Contact
from tests.billing.charging import connect_pix, connect_stripe, draft
from tests.support.fake_focus import FakeFocus, fake_focus
from tests.support.fake_stripe import FakeStripe, fake_stripe

Ask = Callable[..., Charge]


@pytest.fixture
def stripe_server(settings: Settings) -> Iterator[FakeStripe]:
    with fake_stripe() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.STRIPE_API_BASE = server.url
        yield server


@pytest.fixture
def focus_server(settings: Settings) -> Iterator[FakeFocus]:
    with fake_focus() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.FOCUS_NFE_BASES = {"producao": server.url, "homologacao": server.url}
        yield server


@pytest.fixture
def ask_pix(in_acme: Organization, rita: Contact) -> Ask:
    """Return a maker of charges of Rita by a Pix that somebody confirms by hand."""
    connect_pix()

    def ask(**changes: Any) -> Charge:
        return ask_payment(draft(method="pix_static", **changes), Occasion(contact=rita), actor=None)

    return ask


@pytest.fixture
def ask_card(in_acme: Organization, rita: Contact, stripe_server: FakeStripe) -> Ask:
    """Return a maker of charges of Rita by card."""
    connect_stripe()

    def ask(**changes: Any) -> Charge:
        return ask_payment(draft(method="card_link", **changes), Occasion(contact=rita), actor=None)

    return ask
