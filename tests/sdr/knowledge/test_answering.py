"""From a document to an answer that cites it, and from a question without an answer to knowledge."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization
from core.tenancy import activate_organization
from sdr.models import Chunk, Document, DocumentState, ModelCall, Question, QuestionState, ReplyTurn
from sdr.models.vector import DIMENSIONS
from sdr.services.knowledge import add_file, add_text, read_document, read_waiting, remove_document
from sdr.services.profiles import get_profile
from sdr.services.questions import note_question
from sdr.services.retrieval import passages_for
from tests.sdr.knowledge.embedding_server import EmbeddingServer, embedding
from tests.sdr.knowledge.samples import RULES, pdf
from tests.sdr.talk import Talk, bot_lines
from tests.support.jobs import drain


@pytest.fixture
def rules(talk: Talk, ana: Membership) -> Document:
    document = add_text("Regras", RULES, actor=ana)
    drain()
    document.refresh_from_db()
    return document


def test_a_document_is_read_in_the_background_and_its_file_forgotten(talk: Talk, ana: Membership) -> None:
    document = add_file("tabela.pdf", pdf("A limpeza custa R$ 180,00."), actor=ana)
    assert document.state == DocumentState.WAITING
    drain()
    document.refresh_from_db()
    assert (document.state, document.raw, document.pieces, document.error) == (DocumentState.READY, None, 1, "")
    assert "R$ 180,00" in Chunk.objects.get().text


def test_reading_twice_leaves_one_copy(rules: Document) -> None:
    before = Chunk.objects.count()
    read_document(organization_id=str(rules.organization_id), document_id=str(rules.pk))
    assert Chunk.objects.count() == before == rules.pieces


def test_a_document_that_kills_its_reader_is_given_up(talk: Talk, ana: Membership) -> None:
    document = add_text("x", "Um texto qualquer.", actor=ana)
    Document.objects.update(attempts=3)
    drain()
    document.refresh_from_db()
    assert document.state == DocumentState.FAILED
    assert document.error


def test_a_document_whose_job_was_lost_is_read_later(talk: Talk, ana: Membership) -> None:
    document = Document.objects.create(kind="text", title="Regras", raw=RULES.encode())
    Document.objects.update(created_at="2026-01-01T00:00Z")
    read_waiting()
    drain()
    document.refresh_from_db()
    assert document.state == DocumentState.READY


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("vcs aceitam unimed?", "Aceitamos Unimed e Bradesco Saúde."),
        ("qual a forma de pagamento?", "Pix, cartão em até 6x ou dinheiro."),
        ("tem estacionamento?", "Há estacionamento gratuito na rua ao lado."),
        ("quanto dura a avaliação?", "A avaliação dura 40 minutos e custa R$ 80,00."),
    ],
)
def test_the_local_engine_answers_in_the_documents_words_and_cites_it(
    talk: Talk, rules: Document, question: str, said: str
) -> None:
    talk.say(question)
    talk.let_answer()
    assert said in bot_lines()[0]
    assert ReplyTurn.objects.get().sources == [{"title": "Regras", "document_id": str(rules.pk)}]
    assert not Question.objects.exists()


def test_what_no_document_speaks_of_is_collected_once(talk: Talk, rules: Document) -> None:
    talk.say("vocês fazem cirurgia de siso?")
    talk.let_answer()
    talk.say("Vocês fazem cirurgia de siso??")
    talk.let_answer()
    question = Question.objects.get()
    assert (question.text, question.times) == ("vocês fazem cirurgia de siso?", 2)


def test_an_answered_question_is_known_from_then_on(talk: Talk, client: Client, ana: Membership) -> None:
    talk.say("vocês fazem cirurgia de siso?")
    talk.let_answer()
    question = Question.objects.get()
    client.force_login(ana.user)
    assert question.text in client.get("/sdr/perguntas/").content.decode()
    answered = client.post(
        f"/sdr/perguntas/{question.pk}/", {"question": "Fazem cirurgia de siso?", "answer": "Sim, com a Dra. Paula."}
    )
    assert answered.status_code == 302
    with activate_organization(ana.organization_id):
        assert Question.objects.get().state == QuestionState.ANSWERED
        assert get_profile().faq == [{"question": "Fazem cirurgia de siso?", "answer": "Sim, com a Dra. Paula."}]
        other = Talk(talk.channel, "+5519997426109")
        other.say("oi, fazem cirurgia de siso?")
        other.let_answer()
        assert "Sim, com a Dra. Paula." in bot_lines()[-1]
    assert question.text not in client.get("/sdr/perguntas/").content.decode()


def test_a_question_set_aside_is_gone(talk: Talk, client: Client, ana: Membership) -> None:
    note_question(talk.say("oi"), "vocês vendem pão?")
    client.force_login(ana.user)
    client.post(f"/sdr/perguntas/{Question.objects.get().pk}/descartar/")
    assert Question.objects.get().state == QuestionState.DISMISSED


def test_a_removed_document_answers_nothing_more(talk: Talk, rules: Document, ana: Membership) -> None:
    remove_document(rules, actor=ana)
    assert passages_for(get_profile(), "aceitam unimed?") == ()


def test_another_organizations_documents_are_not_found(talk: Talk, rules: Document, carla: Membership) -> None:
    assert passages_for(get_profile(), "aceitam unimed?")
    with activate_organization(carla.organization_id):
        assert passages_for(get_profile(), "aceitam unimed?") == ()


@pytest.fixture
def embedder(settings: Any, talk: Talk) -> Iterator[EmbeddingServer]:
    with embedding() as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", server.url
        yield server


def test_with_a_key_a_question_in_other_words_finds_its_passage(embedder: EmbeddingServer, rules: Document) -> None:
    embedder.meanings = {"vaga para o carro": "estacionamento"}
    found = passages_for(get_profile(), "vaga para o carro")
    assert "estacionamento" in found[0].text
    assert Chunk.objects.exclude(embedding=None).count() == rules.pieces
    assert ModelCall.objects.filter(task="embed", error="").count() == 2


def test_vectors_have_the_length_of_their_column(embedder: EmbeddingServer, rules: Document) -> None:
    assert embedder.requests[0]["dimensions"] == DIMENSIONS
    assert len(Chunk.objects.first().embedding) == DIMENSIONS  # type: ignore[union-attr,arg-type]


@pytest.mark.parametrize("status", [401, 429, 500])
def test_without_embeddings_the_words_still_find(
    embedder: EmbeddingServer, talk: Talk, ana: Membership, status: int
) -> None:
    embedder.status = status
    document = add_text("Regras", RULES, actor=ana)
    drain()
    document.refresh_from_db()
    assert document.state == DocumentState.READY
    assert "Unimed" in passages_for(get_profile(), "aceitam unimed?")[0].text
    assert ModelCall.objects.filter(task="embed").first().error  # type: ignore[union-attr]


def test_pages_of_knowledge(client: Client, ana: Membership, in_acme: Organization) -> None:
    client.force_login(ana.user)
    assert client.get("/sdr/conhecimento/").status_code == 200
    assert client.post("/sdr/conhecimento/novo/", {"title": "T", "text": RULES}).status_code == 302
    document = Document.objects.get()
    assert "T" in client.get("/sdr/conhecimento/").content.decode()
    assert client.post(f"/sdr/conhecimento/{document.pk}/excluir/").status_code == 302
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {}, {"text": "x", "address": "https://example.com/"}, {"address": "http://127.0.0.1/"}, {"address": "not an address"}, {"text": "?"},
        {"address": "http://169.254.169.254/"},
    ],
)  # fmt: skip
def test_what_cannot_be_added_is_refused_in_the_form(
    client: Client, ana: Membership, in_acme: Organization, data: dict[str, str]
) -> None:
    client.force_login(ana.user)
    answer = client.post("/sdr/conhecimento/novo/", data)
    assert answer.status_code in {302, 422}
    if answer.status_code == 422:
        assert not Document.objects.exists()
    else:
        drain()
        assert Document.objects.get().state == DocumentState.FAILED


def test_an_agent_reads_and_changes_nothing(client: Client, bruno: Membership, talk: Talk, rules: Document) -> None:
    client.force_login(bruno.user)
    assert client.get("/sdr/conhecimento/").status_code == 200
    assert client.post(f"/sdr/conhecimento/{rules.pk}/excluir/").status_code == 403
    assert client.post("/sdr/conhecimento/novo/", {"text": RULES}).status_code == 403
    assert Document.objects.exists()
