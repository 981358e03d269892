"""Every question to a model: behind its breaker, replaced by the local engine where it fails, a ledger row for each."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Membership, Organization
from accounts.services.secrets_store import set_secret
from core.tenancy import activate_organization
from sdr.contract import ChatMessage, Turn, Usage
from sdr.costs import cost_micros
from sdr.models import ModelCall
from sdr.providers.payloads import PROMPT_VERSION
from sdr.services import accounts
from sdr.services.asking import ask_turn, breaker_of, is_simple
from sdr.services.profiles import business_profile, get_profile, update_profile
from tests.sdr.providers.openai_server import OpenAiServer, serving

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 14, tzinfo=UTC)
NOTHING: dict[str, Any] = dict.fromkeys(("name", "interest", "urgency", "knowledge", "location"))


def saying(reply: str, **changes: Any) -> str:
    answer = {"reply": reply, "facts": NOTHING, "sentiment": "calm", "human_reason": "", "unanswered": ""}
    return json.dumps(answer | changes)


@pytest.fixture
def server(settings: Any, in_acme: Organization, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAiServer]:
    # Long enough for a loaded machine; only who hangs makes anybody wait for it.
    monkeypatch.setattr(accounts, "SECONDS", 2.0)
    update_profile(get_profile(), {"provider": "openai"})
    with serving() as state:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", state.url
        settings.OPENAI_MODEL, settings.OPENAI_SMALL_MODEL = "big", ""
        state.output = saying("Oi! Para quando seria?")
        yield state


def answer(*texts: str, at: datetime = NOW) -> Turn:
    profile = get_profile()
    lines = [
        ChatMessage(f"m{n}-{ModelCall.objects.count()}", "bot" if n % 2 else "customer", text, NOW)
        for n, text in enumerate(texts)
    ]
    return ask_turn(profile, business_profile(profile), lines, {}, at)


def ledger() -> list[tuple[str, ...]]:
    rows = ModelCall.objects.order_by("at", "pk")
    return list(rows.values_list("provider", "instead_of", "error"))


def test_the_chosen_provider_answers_and_is_written_down(server: OpenAiServer) -> None:
    assert answer("queria clareamento pra logo").reply == "Oi! Para quando seria?"
    [row] = ModelCall.objects.all()
    assert (row.task, row.provider, row.model, row.prompt_version) == ("reply", "openai", "big", PROMPT_VERSION)
    assert (row.input_tokens, row.output_tokens, row.error, row.instead_of) == (321, 45, "", "")
    assert row.cost_micros > 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"status": 429}, "RateLimitError 429"),
        ({"status": 500}, "InternalServerError 500"),
        ({"status": 401}, "AuthenticationError 401"),
        ({"hangs": True}, "APITimeoutError"),
        ({"output": "nonsense {"}, "the model's answer is not JSON"),
        ({"output": ""}, "the model's answer is not JSON"),
        ({"output": saying("  ")}, "the model said nothing"),
        ({"output": saying('{"reply": "x"}')}, "the model's answer does not fit the schema"),
        ({"body": "<html>busy</html>"}, "the model's answer cannot be read"),
        ({"refusal": "I can't"}, "the model's answer is not JSON"),
        ({"ends": "incomplete"}, "the model's answer is incomplete"),
    ],
    ids=["429", "500", "401", "hang", "nonsense", "empty", "blank", "raw", "html", "refusal", "half"],
)
def test_a_failing_model_is_replaced_at_once_and_visibly(
    server: OpenAiServer, change: dict[str, Any], error: str
) -> None:
    vars(server).update(change)
    turn = answer("queria clareamento pra logo")
    assert "?" in turn.reply
    assert turn.facts["interest"].value
    assert ledger() == [("openai", "", error), ("local", "openai", "")]


def test_what_a_useless_answer_cost_is_counted(server: OpenAiServer) -> None:
    server.output = "nonsense"
    answer("queria clareamento pra logo")
    assert ModelCall.objects.get(provider="openai").cost_micros > 0


def test_a_provider_that_keeps_failing_is_left_alone(server: OpenAiServer, in_acme: Organization) -> None:
    server.status = 503
    for number in range(8):
        assert answer(f"queria clareamento {number}").reply
    assert breaker_of("openai", in_acme.pk).state() == "open"
    assert len(server.requests) == 5
    assert ledger()[-2:] == [("openai", "", "circuit open"), ("local", "openai", "")]


def test_the_failures_of_one_business_do_not_silence_another(
    server: OpenAiServer, carla: Membership, settings: Any
) -> None:
    server.status = 503
    for number in range(6):
        answer(f"queria clareamento {number}")
    server.status = 200
    with activate_organization(carla.organization_id):
        update_profile(get_profile(), {"provider": "openai"})
        assert answer("queria clareamento").reply == "Oi! Para quando seria?"


def test_the_key_of_the_business_wins(server: OpenAiServer, ana: Membership) -> None:
    set_secret("openai", "sk-da-acme", actor=ana)
    answer("queria clareamento")
    assert server.keys == ["Bearer sk-da-acme"]


def test_the_second_try_of_a_turn_stays_in_the_house(server: OpenAiServer) -> None:
    profile = get_profile()
    lines = [ChatMessage("m", "customer", "queria clareamento", NOW)]
    assert ask_turn(profile, business_profile(profile), lines, {}, NOW, locally=True).reply
    assert server.requests == []
    assert ledger() == [("local", "openai", "")]


def test_a_common_opening_is_paid_for_once(server: OpenAiServer) -> None:
    fact = {"value": "Clareamento", "level": "named", "message_id": "m0-0"}
    server.output = saying("Claro! Para quando?", facts=NOTHING | {"interest": fact})
    first, again = answer("Quero clareamento!"), answer("quero  clareamento!")
    assert len(server.requests) == 1
    assert again.reply == first.reply
    assert (first.facts["interest"].message_id, again.facts["interest"].message_id) == ("m0-0", "m0-1")
    assert list(ModelCall.objects.order_by("at", "pk").values_list("is_cached", flat=True)) == [False, True]
    assert ModelCall.objects.get(is_cached=True).cost_micros == 0


@pytest.mark.parametrize(
    "change", [{"agent_name": "Bia"}, {"services": [{"name": "Corte", "price_cents": 100}]}, {"model": "other"}]
)
def test_what_was_answered_before_a_change_is_asked_again(server: OpenAiServer, change: dict[str, Any]) -> None:
    answer("queria clareamento")
    update_profile(get_profile(), change)
    answer("queria clareamento")
    assert len(server.requests) == 2


def test_no_answer_is_kept_of_a_long_talk_or_for_another_business(server: OpenAiServer, carla: Membership) -> None:
    for _ in range(2):
        answer("oi", "Qual serviço?", "clareamento", "Para quando?", "essa semana")
    answer("oi, tudo certo por aí?")
    with activate_organization(carla.organization_id):
        update_profile(get_profile(), {"provider": "openai"})
        answer("oi, tudo certo por aí?")
    assert len(server.requests) == 4


def test_a_call_for_a_person_is_not_kept(server: OpenAiServer) -> None:
    server.output = saying("", human_reason="wants_human")
    for _ in range(2):
        assert answer("me chama alguém aí").human_reason == "wants_human"
    assert len(server.requests) == 2


def test_simple_questions_go_to_the_smaller_model(server: OpenAiServer, settings: Any) -> None:
    settings.OPENAI_SMALL_MODEL = "small"
    answer("oi")
    answer("sou a Ana, moro no Cambuí e nunca fiz nada parecido")
    assert [sent["model"] for sent in server.requests] == ["small", "big"]


@pytest.mark.parametrize(
    ("text", "simple"),
    [("oi, bom dia", True), ("quanto custa?", True), ("abre sábado?", True), ("sou a Ana", False), ("oi " * 60, False)],
)
def test_what_is_simple(text: str, simple: bool) -> None:
    assert is_simple([ChatMessage("m", "customer", text, NOW)]) is simple


def test_a_model_without_a_price_counts_as_the_dearest(settings: Any) -> None:
    settings.AI_PRICES = {"mine": [1, 2]}
    assert cost_micros(Usage("mine", 1_000_000, 500_000)) == 2_000_000
    assert cost_micros(Usage("unheard-of", 1_000, 1_000)) >= cost_micros(Usage("gpt-4o", 1_000, 1_000))
    assert cost_micros(Usage("local")) == 0


@pytest.mark.parametrize("fact", ["name", "location"])
def test_an_answer_that_knows_who_somebody_is_is_not_kept(server: OpenAiServer, fact: str) -> None:
    level = {"name": "first", "location": "inside"}[fact]
    for number in range(2):
        learnt = {"value": "Ana", "level": level, "message_id": f"m0-{number}"}
        server.output = saying("Prazer!", facts=NOTHING | {fact: learnt})
        answer("sou a Ana do Cambuí")
    assert len(server.requests) == 2
