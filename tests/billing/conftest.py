from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.support.fake_stripe import FakeStripe, fake_stripe


@pytest.fixture
def stripe_server(settings: Settings) -> Iterator[FakeStripe]:
    """A Stripe on loopback that the product talks to."""
    with fake_stripe() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.STRIPE_API_BASE = server.url
        yield server
