from collections import Counter

import pytest

from billing.charges import moves
from sagas.events import Event
from sagas.outbox import publish


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the events that charges publish; they go out as always."""
    counted: Counter[str] = Counter()

    def count(event: Event) -> None:
        counted[type(event).__name__] += 1
        publish(event)

    monkeypatch.setattr(moves, "publish", count)
    return counted
