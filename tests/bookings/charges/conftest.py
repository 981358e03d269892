from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization
from billing.models import Charge
from bookings.charges.services import Occasion, ask_payment
from leads.models import Contact
from tests.billing.charging import connect_pix, connect_stripe, draft
from tests.support.fake_stripe import FakeStripe

Ask = Callable[..., Charge]


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
