from collections import Counter
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from billing.charges import moves
from sagas.events import Event
from sagas.outbox import publish
from tests.support.fake_focus import FakeFocus, fake_focus
from tests.support.fake_stripe import FakeStripe, fake_stripe


@pytest.fixture
def stripe_server(settings: Settings) -> Iterator[FakeStripe]:
    """A Stripe on loopback that the product talks to."""
    with fake_stripe() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.STRIPE_API_BASE = server.url
        yield server


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the events that charges publish; they go out as always."""
    counted: Counter[str] = Counter()

    def count(event: Event) -> None:
        counted[type(event).__name__] += 1
        publish(event)

    monkeypatch.setattr(moves, "publish", count)
    return counted


@pytest.fixture
def focus_server(settings: Settings) -> Iterator[FakeFocus]:
    """A Focus NFe on loopback that the product talks to."""
    with fake_focus() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.FOCUS_NFE_BASES = {"producao": server.url, "homologacao": server.url}
        yield server
