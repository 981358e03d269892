from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Organization
from conversations import queries, search
from conversations.models import Conversation, Message
from conversations.queries import inbox
from conversations.search import conversations_with, index_message, searchable
from core.clock import now
from core.tenancy import activate_organization
from core.text import search_text
from gateways.models import Channel
from leads.models import Contact
from tests.support.thread import contact, simulator

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    return simulator()


def said(channel: Channel, *bodies: str, name: str = "") -> Conversation:
    """Return the thread of a new contact with these messages, the last one the newest."""
    number = Contact.objects.count()
    thread: Conversation = Conversation.objects.create(
        contact=contact(name, f"+55199{81110000 + number}", search=search_text(name)),
        channel=channel,
        last_message_at=now(),
    )
    for index, body in enumerate(bodies):
        at = now() - timedelta(days=1) + timedelta(minutes=number, seconds=index)
        message: Any = Message.objects.create(
            conversation=thread, channel=channel, direction="in", origin="customer", body=body, state="received", at=at
        )
        index_message(message)
    return thread


def found(query: str, **options: int) -> list[UUID]:
    return list(conversations_with(query, **options))


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ("Quero fazer a avaliação", "avaliacao"),
        ("quero fazer a avaliacao", "AVALIAÇÃO"),
        ("Quero fazer a avaliação amanhã", "amanha quero"),
        ("Quero fazer a avaliação", "avali"),
        ("Posso pagar sim/não?", "nao"),
        ("Escreva para ana@example.com", "ana@example.com"),
        ("Escreva para ana@example.com", "example"),
        ("Custa R$ 1.180,50 à vista", "R$ 1.180,50"),
        ("Meu pedido é o 2e5-77/A", "2e5-77"),
        ("Veja https://example.com/precos?x=1", "precos"),
        ("ＷＨＡＴＳＡＰＰ", "whatsapp"),
        ("привет, como vai", "Привет"),
        ("x" * 500, "x" * 400),
    ],
)
def test_a_message_is_found(body: str, query: str, channel: Channel) -> None:
    thread = said(channel, body)
    said(channel, "outra coisa")
    assert found(query) == [thread.pk]


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ("Quero fazer a avaliação", "avaliacao cara"),
        ("Quero fazer a avaliação", "que"),
        ("Quero fazer a avaliação", "liacao"),
        ("Quero fazer a avaliação", "faze avaliacao"),
        ("Quero fazer a avaliação", "'; DROP TABLE conversations_message; --"),
        ("Quero fazer a avaliação", "quero | nada"),
        ("Quero fazer a avaliação", "!nada"),
        ("Quero fazer a avaliação", "%"),
        ("Quero fazer a avaliação", "\0\\'\":*&()"),
        ("Quero fazer a avaliação", ""),
    ],
)
def test_a_message_is_not_found(body: str, query: str, channel: Channel) -> None:
    said(channel, body)
    assert found(query) == []


@pytest.mark.parametrize(
    "query", ["quero' & 'avaliação", 'quero\\ "avaliação"', "quero & !avaliação:*", "(quero <-> %s)"]
)
def test_signs_of_a_query_language_are_only_gaps(query: str, channel: Channel) -> None:
    thread = said(channel, "Quero fazer a avaliação: 100%s")
    assert found(query) == [thread.pk]


def test_the_words_of_another_organization_are_not_found(channel: Channel, carla: Membership) -> None:
    said(channel, "Quero fazer a avaliação")
    with activate_organization(carla.organization_id):
        assert found("avaliacao") == []


def test_organizations_with_the_same_key_find_only_their_own(
    channel: Channel, carla: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_key", lambda organization_id: "aaaaaa")
    thread = said(channel, "Quero fazer a avaliação")
    with activate_organization(carla.organization_id):
        assert found("avaliacao") == []
    assert found("avaliacao") == [thread.pk]


def test_a_thread_with_many_hits_comes_once_and_the_newest_first(channel: Channel) -> None:
    old = said(channel, "quanto custa?", "quanto custa mesmo?")
    new = said(channel, "quanto custa?")
    assert found("custa") == [new.pk, old.pk]


# The ways to the same answer: the sample alone, more of the newest, the index of words, and more of the newest in vain.


@pytest.mark.parametrize(
    ("sample", "messages", "ways"),
    [
        (1000, 0, ["_NEWEST"]),
        (2, 10_000, ["_NEWEST", "_NEWEST"]),
        (2, 1, ["_NEWEST", "_EVERYWHERE"]),
    ],
)
def test_every_way_finds_the_newest(
    sample: int, messages: int, ways: list[str], channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SAMPLE", sample)
    monkeypatch.setattr(search, "_messages_of", lambda organization_id: messages)
    threads = [said(channel, f"quanto custa o {word}?") for word in ("implante", "aparelho", "clareamento")]
    said(channel, "bom dia")
    with CaptureQueriesContext(connection) as done:
        assert found("custa", limit=2) == [threads[2].pk, threads[1].pk]
    assert [query["sql"][:100] for query in done] == [getattr(search, way)[:100] for way in ways]


def test_what_the_newest_seemed_to_promise_is_found_farther_back(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SAMPLE", 1)
    monkeypatch.setattr(search, "_messages_of", lambda organization_id: 10_000)
    far = said(channel, "quanto custa?")
    for number in range(5):
        said(channel, f"bom dia {number}")
    near = said(channel, "quanto custa?")
    assert found("custa", limit=2) == [near.pk, far.pk]


def test_a_word_that_no_recent_message_has_is_looked_up_at_once(channel: Channel) -> None:
    said(channel, "bom dia")
    with CaptureQueriesContext(connection) as done:
        assert found("aparelho") == []
    assert len(done) == 2


def test_the_planner_tells_about_how_many_messages_there_are(channel: Channel) -> None:
    said(channel, "um", "dois", "três")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_message")
    assert search._messages_of(channel.organization_id) == 3


def test_every_word_is_stored_with_a_key_of_letters() -> None:
    organization = UUID("0190a000-0000-7000-8000-000000f01234")
    assert searchable(organization, "Olá, R$ 5!") == "fghijkola fghijkr fghijk5"


def test_the_inbox_finds_threads_by_words_and_by_contact(channel: Channel, ana: Membership) -> None:
    by_word = said(channel, "quero um implante")
    by_name = said(channel, "bom dia", name="Márcia Implante")
    said(channel, "boa tarde", name="João")
    rows = inbox("open", member=ana, search="Implante")
    assert set(rows.values_list("pk", flat=True)) == {by_word.pk, by_name.pk}


def test_the_inbox_finds_a_common_name(channel: Channel, ana: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "FEW_PEOPLE", 1)
    threads = {said(channel, "oi", name=f"Ana {number}").pk for number in range(3)}
    said(channel, "oi", name="João")
    assert set(inbox("open", member=ana, search="ana").values_list("pk", flat=True)) == threads


def test_the_migration_writes_the_words_again(channel: Channel) -> None:
    thread = said(channel, "Quero fazer a avaliação")
    Message.objects.update(search=None)
    import_module("conversations.migrations.0003_words_by_organization").index_again(
        None, SimpleNamespace(connection=connection)
    )
    assert found("avaliacao") == [thread.pk]
