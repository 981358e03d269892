"""Conversations by the API: read in pages, answered once, never across businesses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Membership, Organization, Role
from accounts.services.tokens import create_api_token
from conversations.models import Conversation, Handler, Message
from conversations.services.handling import assign, close
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel
from sdr.models import SdrProfile
from tests.support.jobs import drain
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db
Call = Callable[..., HttpResponse]


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    SdrProfile.objects.create(organization=in_acme, enabled=False)
    return simulator()


@pytest.fixture
def thread(channel: Channel) -> Conversation:
    return receive(channel, "+5519997426108", "Oi", external_id="in-1", at=now().isoformat())


@pytest.fixture
def call(in_acme: Organization) -> Call:
    _row, token = create_api_token("loja")

    def send(method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        data = b"" if body is None else orjson.dumps(body)
        sent = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().generic(method, f"/api/v1{path}", data, content_type="application/json", headers=sent)  # type: ignore[return-value]

    return send


def told(answer: HttpResponse) -> Any:
    return orjson.loads(answer.content)


def test_threads_come_newest_first_and_by_state_and_person(
    call: Call, channel: Channel, thread: Conversation, bruno: Membership
) -> None:
    other = receive(channel, "+5519990001000", "Olá", external_id="in-2", at=(now() + timedelta(seconds=5)).isoformat())
    assign(other, member=bruno, actor=bruno)
    close(thread, actor=bruno)
    assert [row["id"] for row in told(call("GET", "/conversations"))["items"]] == [str(other.pk), str(thread.pk)]
    assert [row["id"] for row in told(call("GET", "/conversations?status=closed"))["items"]] == [str(thread.pk)]
    assert [row["id"] for row in told(call("GET", f"/conversations?assignee={bruno.pk}"))["items"]] == [str(other.pk)]
    assert told(call("GET", f"/conversations/{other.pk}"))["last_message"] == "Olá"


@pytest.mark.parametrize("query", ["status=lost", "assignee=x", "cursor=zzz"])
def test_a_query_that_makes_no_sense_is_a_problem(call: Call, query: str) -> None:
    answer = call("GET", f"/conversations?{query}")
    assert answer.status_code in {400, 422}
    assert answer["Content-Type"] == "application/problem+json"


def test_messages_come_in_pages_newest_first(call: Call, channel: Channel, thread: Conversation) -> None:
    for number in range(60):
        at = (now() + timedelta(seconds=number + 1)).isoformat()
        receive(channel, "+5519997426108", f"m{number}", external_id=f"m{number}", at=at)
    first = told(call("GET", f"/conversations/{thread.pk}/messages"))
    second = told(call("GET", f"/conversations/{thread.pk}/messages?cursor={first['next_cursor']}"))
    bodies = [row["body"] for row in first["items"] + second["items"]]
    assert bodies == [*(f"m{n}" for n in reversed(range(60))), "Oi"]


def test_an_answer_leaves_once_and_silences_the_sdr(call: Call, thread: Conversation) -> None:
    path = f"/conversations/{thread.pk}/messages"
    first = call("POST", path, {"body": "Oi! Seu pedido saiu."}, Idempotency_Key="pedido-1")
    again = call("POST", path, {"body": "Oi! Seu pedido saiu."}, Idempotency_Key="pedido-1")
    drain()
    assert (first.status_code, told(first)["id"]) == (201, told(again)["id"])
    assert Message.objects.filter(direction="out").count() == 1
    thread.refresh_from_db()
    assert thread.handler == Handler.HUMAN


@pytest.mark.parametrize(
    "body", [{}, {"body": ""}, {"body": "  "}, {"body": "x" * 4097}, {"body": 1}, {"body": None}, []]
)
def test_a_message_that_is_none_is_refused(call: Call, thread: Conversation, body: Any) -> None:
    answer = call("POST", f"/conversations/{thread.pk}/messages", body)
    assert 400 <= answer.status_code < 500
    assert answer["Content-Type"] == "application/problem+json"
    assert not Message.objects.filter(direction="out").exists()


def test_a_closed_thread_takes_no_message(call: Call, thread: Conversation) -> None:
    close(thread, actor=None)
    answer = call("POST", f"/conversations/{thread.pk}/messages", {"body": "Oi"})
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")


def test_a_token_that_only_reads_and_one_of_another_business_write_nothing(
    thread: Conversation, carla: Membership
) -> None:
    _row, reader = create_api_token("painel", role=Role.VIEWER)
    with activate_organization(carla.organization_id):
        _row, other = create_api_token("deles")
    path = f"/api/v1/conversations/{thread.pk}/messages"
    for token, status in ((reader, 403), (other, 404)):
        answer = Client().post(path, {"body": "Oi"}, "application/json", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
    assert not Message.objects.filter(direction="out").exists()
