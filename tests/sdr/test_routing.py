"""Which service answers: the order of the organization, its keys and models, its own limit, and the page where they are set."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Secret
from accounts.services.secrets_store import get_secret, set_secret
from core.breaker import breaker_of
from core.clock import now
from core.tenancy import activate_organization
from sdr.contract import FACTS, ChatMessage, ModelUnavailableError, Turn
from sdr.labelled import NOW
from sdr.models import ModelCall
from sdr.services import asking
from sdr.services.accounts import account_of, route_of
from sdr.services.asking import ask_turn
from sdr.services.profiles import business_profile, get_profile, update_profile
from sdr.services.spending import is_over_budget
from tests.sdr.providers.openai_server import OpenAiServer, serving

WORDS = {
    "reply": "Para quando seria?", "facts": dict.fromkeys(FACTS), "sentiment": "calm", "human_reason": "", "unanswered": "", "sources": [],
}  # fmt: skip


@pytest.fixture
def two(settings: Any, in_acme: Organization) -> Iterator[tuple[OpenAiServer, OpenAiServer]]:
    """OpenAI first, Anthropic when it fails."""
    with serving() as openai, serving() as anthropic:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", openai.url
        settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = "sk-test", anthropic.home
        openai.output = anthropic.output = json.dumps(WORDS)
        update_profile(get_profile(), {"provider": "openai", "fallbacks": ["anthropic"]})
        yield openai, anthropic


def answer(text: str = "queria clareamento pra logo") -> Turn:
    profile = get_profile()
    line = ChatMessage(f"m{ModelCall.objects.count()}", "customer", text, NOW)
    return ask_turn(profile, business_profile(profile), [line], {}, NOW)


def ledger() -> list[tuple[str, ...]]:
    return list(ModelCall.objects.order_by("at", "pk").values_list("provider", "instead_of", "error"))


def test_the_second_answers_the_same_conversation_when_the_first_is_down(
    two: tuple[OpenAiServer, OpenAiServer],
) -> None:
    two[0].status = 500
    assert answer("oi, sou a Ana do Cambuí").reply == "Para quando seria?"
    assert ledger() == [("openai", "", "InternalServerError 500"), ("anthropic", "openai", "")]
    asked = json.loads(two[1].requests[0]["messages"][0]["content"])
    assert asked["messages"][0]["text"] == "oi, sou a Ana do Cambuí"


def test_the_local_engine_is_the_last(two: tuple[OpenAiServer, OpenAiServer]) -> None:
    two[0].status = two[1].status = 529
    assert answer().reply
    assert [row[:2] for row in ledger()] == [("openai", ""), ("anthropic", "openai"), ("local", "openai")]


def test_a_first_without_a_key_is_passed_over(two: tuple[OpenAiServer, OpenAiServer], settings: Any) -> None:
    settings.OPENAI_API_KEY = ""
    assert answer().reply == "Para quando seria?"
    assert ledger() == [("anthropic", "openai", "")]


def test_a_resting_first_is_not_asked(two: tuple[OpenAiServer, OpenAiServer], in_acme: Organization) -> None:
    breaker = breaker_of("openai", in_acme.pk)
    for _ in range(20):
        with pytest.raises(ModelUnavailableError), breaker.guard((ModelUnavailableError,)):
            raise ModelUnavailableError
        if breaker.state() == "open":
            break
    answer()
    assert two[0].requests == []
    assert ledger() == [("openai", "", "circuit open"), ("anthropic", "openai", "")]


def test_nobody_is_asked_once_patience_is_over(
    two: tuple[OpenAiServer, OpenAiServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE_SECONDS", -1.0)
    assert answer().reply
    assert [row[:2] for row in ledger()] == [("local", "openai")]


def test_each_task_has_its_model(two: tuple[OpenAiServer, OpenAiServer]) -> None:
    options = {"openai": {"model": "big", "small_model": "small", "seconds": 7}}
    update_profile(get_profile(), {"provider_options": options})
    answer("oi")
    answer("queria marcar clareamento com a doutora Paula na semana do dia 20 de dezembro")
    assert [request["model"] for request in two[0].requests] == ["small", "big"]
    assert route_of(get_profile())[0][1].seconds == 7


def test_an_own_address_never_gets_the_platforms_key(in_acme: Organization, settings: Any) -> None:
    settings.COMPATIBLE_API_KEY = "sk-platform"
    profile = get_profile()
    update_profile(
        profile, {"provider_options": {"compatible": {"base_url": "https://thief.example/v1", "model": "m"}}}
    )
    assert account_of(profile, "compatible") is None
    set_secret("compatible", "sk-own", actor=None)
    account = account_of(profile, "compatible")
    assert account is not None
    assert (account.api_key, account.base_url) == ("sk-own", "https://thief.example/v1")


def test_the_businesss_own_limit_is_a_hard_stop(two: tuple[OpenAiServer, OpenAiServer], in_acme: Organization) -> None:
    update_profile(get_profile(), {"ai_budget_cents": 500})
    assert not is_over_budget(in_acme, now())
    ModelCall.objects.create(task="reply", provider="openai", cost_micros=5_000_000)
    assert is_over_budget(in_acme, now())
    answer()
    assert (two[0].requests, two[1].requests) == ([], [])


Login = Callable[..., Client]
ROUTE = {"route-first": "local", "route-second": "", "route-third": "", "route-budget": ""}


def test_the_order_is_chosen_once_the_keys_are_there(
    login: Login, ana: Membership, in_acme: Organization, settings: Any
) -> None:
    settings.OPENAI_API_KEY = ""
    client = login(ana)
    refused = client.post("/sdr/modelos/", ROUTE | {"route-first": "openai"})
    assert refused.status_code == 422
    assert "Salve antes a chave" in refused.content.decode()
    kept = client.post("/sdr/modelos/", {"service": "openai", "openai-key": "sk-da-acme", "openai-model": "m1"})
    assert kept.status_code == 302
    chosen = client.post(
        "/sdr/modelos/", ROUTE | {"route-first": "openai", "route-second": "openai", "route-budget": "150,50"}
    )
    assert chosen.status_code == 302
    profile = get_profile()
    assert (profile.provider, profile.fallbacks, profile.ai_budget_cents) == ("openai", [], 15050)
    assert profile.provider_options == {"openai": {"model": "m1"}}
    assert get_secret("openai") == "sk-da-acme"
    page = client.get("/sdr/modelos/").content.decode()
    assert "sk-da-acme" not in page
    assert "…acme" in page


def test_an_empty_key_keeps_the_old_one_and_forgetting_removes_it(
    login: Login, ana: Membership, in_acme: Organization
) -> None:
    set_secret("gemini", "chave-antiga", actor=ana)
    client = login(ana)
    client.post("/sdr/modelos/", {"service": "gemini", "gemini-key": ""})
    assert get_secret("gemini") == "chave-antiga"
    client.post("/sdr/modelos/", {"service": "gemini", "gemini-key": "", "gemini-forget": "on"})
    assert not Secret.objects.filter(name="gemini").exists()


@pytest.mark.parametrize(
    "data",
    [
        ROUTE | {"route-first": "elsewhere"}, ROUTE | {"route-budget": "muito"}, ROUTE | {"route-budget": "-1"}, ROUTE | {"route-first": ""},
        {"service": "compatible", "compatible-base_url": "ftp://x/"}, {"service": "openai", "openai-seconds": "900"},
        {"service": "openai", "openai-model": "m" * 81}, {"service": "compatible", "compatible-base_url": "http://user:pw@example.com/"},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(
    login: Login, ana: Membership, in_acme: Organization, data: dict[str, str]
) -> None:
    assert login(ana).post("/sdr/modelos/", data).status_code == 422
    profile = get_profile()
    assert (profile.provider, profile.provider_options, profile.ai_budget_cents) == ("local", {}, None)


def test_only_who_manages_sees_the_services(login: Login, bruno: Membership, in_acme: Organization) -> None:
    client = login(bruno)
    assert client.get("/sdr/modelos/").status_code == 403
    assert client.post("/sdr/modelos/", ROUTE).status_code == 403


def test_the_ledger_of_the_month_is_on_the_page_and_nobody_elses(
    login: Login, ana: Membership, carla: Membership, in_acme: Organization
) -> None:
    ModelCall.objects.create(task="reply", provider="openai", model="gpt-x", cost_micros=12_500_000, latency_ms=1500)
    ModelCall.objects.create(task="reply", provider="openai", model="gpt-x", error="no", latency_ms=500)
    with activate_organization(carla.organization_id):
        ModelCall.objects.create(task="reply", provider="openai", model="gpt-carla", cost_micros=1)
    page = login(ana).get("/sdr/modelos/").content.decode().replace("\xa0", " ")
    assert "gpt-x" in page and "R$ 12,50" in page and "1 falhou" in page
    assert "gpt-carla" not in page
