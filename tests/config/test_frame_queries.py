"""What stands around every page is asked for once, however many pieces a page is drawn from; a piece asks for itself alone."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Organization
from conversations.models import Conversation
from sdr.models import SdrProfile
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db
Login = Callable[..., Client]


@pytest.fixture
def thread(in_acme: Organization) -> Conversation:
    SdrProfile.objects.create(organization=in_acme, enabled=False)
    return receive(simulator(), "+5519981111111", "oi", external_id="in-1", at="2026-11-18T13:00:00+00:00")


@pytest.mark.parametrize("page", ["/leads/{0.contact_id}/", "/conversas/{0.pk}/"], ids=["contact", "conversation"])
def test_no_question_is_asked_twice(page: str, thread: Conversation, ana: Membership, login: Login) -> None:
    client = login(ana)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page.format(thread)).status_code == 200
    times = Counter(query["sql"] for query in asked.captured_queries if query["sql"].startswith("SELECT"))
    assert [sql for sql, count in times.items() if count > 1] == []


@pytest.mark.parametrize("piece", ["messages", "thread-head", "window"])
def test_a_piece_of_a_thread_draws_no_panel(piece: str, thread: Conversation, ana: Membership, login: Login) -> None:
    client = login(ana)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(f"/conversas/{thread.pk}/", headers={"HX-Request": "true", "HX-Target": piece})
    assert answer.status_code == 200
    tables = ("bookings_", "sdr_qualification", "billing_charge", 'FROM "accounts_team')
    assert [query["sql"] for query in asked.captured_queries if any(name in query["sql"] for name in tables)] == []
