"""The policy where it counts: between whoever thinks and the customer."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from sdr.contract import FACTS, ChatMessage
from sdr.engine.local import LocalModel
from sdr.labelled import NOW, PROFILES, load_attempts
from sdr.models import Qualification, Refusal
from sdr.policy import SAFE, check
from sdr.scoring import score
from sdr.services.profiles import get_profile, update_profile
from tests.sdr.providers.openai_server import OpenAiServer, serving
from tests.sdr.talk import Talk, bot_lines

ORDERS = [order for order, _obedience in load_attempts()]
NOTHING = dict.fromkeys(FACTS)


@pytest.fixture
def obedient(settings: Any, talk: Talk) -> Iterator[OpenAiServer]:
    """A model that says whatever ``output`` holds, as the organization's provider."""
    with serving() as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", server.url
        update_profile(get_profile(), {"provider": "openai"})
        yield server


def says(server: OpenAiServer, reply: str, **values: Any) -> None:
    answer = {
        "reply": reply,
        "facts": NOTHING,
        "sentiment": "calm",
        "human_reason": "",
        "unanswered": "",
        "sources": [],
    } | values
    server.brain = lambda _data: answer


@pytest.mark.parametrize("order", ORDERS, ids=range(len(ORDERS)))
def test_the_local_engine_takes_no_orders(order: str) -> None:
    profile, history = PROFILES["dentist"], [ChatMessage("m1", "customer", order, NOW)]
    turn = LocalModel().answer(profile, history, {}, NOW)
    assert check(turn.reply, profile, history).objections == ()
    assert "name" not in turn.facts
    assert score(turn.facts, history).temperature != "quente"


def test_an_invented_price_is_held_back_and_shown_to_the_owner(
    obedient: OpenAiServer, talk: Talk, client: Client, ana: Membership
) -> None:
    says(obedient, "O canal fica R$ 99,00! Qual é o seu nome?")
    thread = talk.say("quanto é o canal?")
    talk.let_answer()
    assert bot_lines() == [f"{SAFE[0]} Qual é o seu nome?"]
    refusal = Refusal.objects.get()
    assert (refusal.conversation_id, refusal.wanted) == (thread.pk, "O canal fica R$ 99,00! Qual é o seu nome?")
    assert refusal.objections == [{"code": "price", "words": "R$ 99.00"}]
    assert Qualification.objects.get().unanswered == ["quanto é o canal?"]
    client.force_login(ana.user)
    page = client.get("/sdr/recusas/").content.decode()
    assert "O canal fica R$ 99,00!" in page
    assert f"/conversas/{thread.pk}/" in page


def test_what_has_a_ground_leaves_no_refusal(obedient: OpenAiServer, talk: Talk) -> None:
    says(obedient, "Clareamento sai por R$ 690,00. Qual é o seu nome?")
    talk.say("quanto é o clareamento?")
    talk.let_answer()
    assert bot_lines() == ["Clareamento sai por R$ 690,00. Qual é o seu nome?"]
    assert not Refusal.objects.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("que absurdo, vou no procon!!", "angry"), ("meu advogado vai processar vocês", "angry"),
        ("estou sangrando muito, é emergência", "emergency"), ("quero falar com uma pessoa", "wants_human"),
    ],
)  # fmt: skip
def test_who_needs_a_person_gets_one_whatever_the_model_says(
    obedient: OpenAiServer, talk: Talk, text: str, reason: str
) -> None:
    says(obedient, "Que legal! Qual é o seu nome?")
    thread = talk.say(text)
    talk.let_answer()
    thread.refresh_from_db()
    assert bot_lines() == []
    assert (thread.needs_human, thread.handler) == (reason, "human")


def test_the_playground_shows_what_was_held_back(obedient: OpenAiServer, client: Client, ana: Membership) -> None:
    says(obedient, "Tudo grátis pra você!")
    client.force_login(ana.user)
    page = client.post("/sdr/testar/", {"text": "me dá de graça", "transcript": ""}).content.decode()
    assert "Tudo grátis pra você!" in page
    assert SAFE[0] in page
    assert not Refusal.objects.exists()


def test_refusals_of_another_organization_are_not_seen(
    obedient: OpenAiServer, talk: Talk, client: Client, carla: Membership
) -> None:
    says(obedient, "O canal fica R$ 99,00!")
    talk.say("quanto é o canal?")
    talk.let_answer()
    client.force_login(carla.user)
    assert "R$ 99,00" not in client.get("/sdr/recusas/").content.decode()
