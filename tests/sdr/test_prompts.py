"""Versions of the manner of talking: drafts, side by side, taken back, and what a draft would have said."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization
from core.ids import uuid7
from leads.models import Contact
from sdr.contract import FACTS as NAMES
from sdr.models import ModelCall, Prompt, PromptState, Qualification
from sdr.providers.payloads import PROMPT_VERSION
from sdr.services.profiles import get_profile, update_profile
from sdr.services.prompts import PromptInUseError, choose_prompt, put_in_use, results, take_out, write_version
from sdr.services.replaying import replay
from tests.sdr.providers.openai_server import OpenAiServer, serving
from tests.sdr.talk import FACTS, Talk, bot_lines

Login = Callable[..., Client]


def version(opening: str = "", **values: Any) -> Prompt:
    return write_version(instructions="Seja breve.", opening=opening, actor=None, **values)


def lead(**attributes: str) -> Contact:
    return Contact(pk=uuid7(), attributes=attributes)


def test_numbers_follow_one_another_and_a_draft_changes_nothing(in_acme: Organization) -> None:
    assert [version().number, version().number] == [1, 2]
    assert choose_prompt(lead()) is None


def test_two_versions_share_the_new_leads_and_a_lead_stays_on_its_side(in_acme: Organization) -> None:
    one, two = version(), version()
    put_in_use(one, actor=None)
    put_in_use(two, share=30, actor=None)
    leads = [lead() for _ in range(600)]
    chosen = [choose_prompt(person) for person in leads]
    assert 110 < Counter(chosen)[two] < 260
    assert [choose_prompt(person) for person in leads] == chosen
    assert sum(Prompt.objects.values_list("share", flat=True)) == 100


def test_an_older_version_put_in_use_again_is_the_rollback(in_acme: Organization) -> None:
    one, two = version(), version()
    put_in_use(one, actor=None)
    put_in_use(two, actor=None)
    put_in_use(one, actor=None)
    assert choose_prompt(lead()) == one
    two.refresh_from_db()
    assert (two.state, two.share) == (PromptState.RETIRED, 0)


def test_taking_one_of_two_out_leaves_everything_to_the_other(in_acme: Organization) -> None:
    one, two = version(), version()
    put_in_use(one, actor=None)
    put_in_use(two, share=50, actor=None)
    take_out(one, actor=None)
    two.refresh_from_db()
    assert two.share == 100
    take_out(two, actor=None)
    assert choose_prompt(lead()) is None


def test_a_third_version_may_not_join_and_nothing_changes(in_acme: Organization) -> None:
    one, two, three = version(), version(), version()
    with pytest.raises(PromptInUseError):
        put_in_use(one, share=50, actor=None)
    put_in_use(one, actor=None)
    put_in_use(two, share=50, actor=None)
    with pytest.raises(PromptInUseError):
        put_in_use(three, share=10, actor=None)
    assert sorted(Prompt.objects.values_list("share", flat=True)) == [0, 50, 50]


def test_a_segment_has_its_own_version(in_acme: Organization) -> None:
    everybody, brides = version(), version(segment="Noivas")
    put_in_use(everybody, actor=None)
    put_in_use(brides, actor=None)
    assert choose_prompt(lead(segmento="noivas")) == brides
    assert choose_prompt(lead(segmento="outro")) == everybody


def test_the_opening_is_said_and_the_lead_counts_for_its_version(talk: Talk) -> None:
    put_in_use(version("Olá! Aqui é da Acme, tudo bem?"), actor=None)
    for text in FACTS:
        talk.say(text)
        talk.let_answer()
    assert bot_lines()[0].startswith("Olá! Aqui é da Acme, tudo bem?")
    [result] = results().values()
    assert (result.leads, result.qualified, result.hot, result.score) == (1, 1, 1, 130.0)


def test_a_talk_does_not_change_its_manner_half_way(talk: Talk) -> None:
    one = version("Primeira voz!")
    put_in_use(one, actor=None)
    talk.say("oi")
    talk.let_answer()
    put_in_use(version("Segunda voz!"), actor=None)
    talk.say("quero clareamento")
    talk.let_answer()
    assert Qualification.objects.get().prompt == one


@pytest.fixture
def server(settings: Any, talk: Talk) -> Iterator[OpenAiServer]:
    with serving() as state:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", state.url
        update_profile(get_profile(), {"provider": "openai"})
        state.output = json.dumps(
            {"reply": "Qual é o seu nome?", "facts": dict.fromkeys(NAMES), "sentiment": "calm", "human_reason": "", "unanswered": "",
             "sources": []}
        )  # fmt: skip
        yield state


def test_a_model_is_told_the_version_and_the_ledger_names_it(server: OpenAiServer, talk: Talk) -> None:
    put_in_use(write_version(instructions="Trate por senhora.", opening="Bom dia, senhora!", actor=None), actor=None)
    talk.say("quero marcar um clareamento para a minha mãe que mora no Cambuí")
    talk.let_answer()
    assert "Trate por senhora." in server.requests[0]["instructions"]
    assert "Bom dia, senhora!" in server.requests[0]["instructions"]
    assert ModelCall.objects.get(task="reply").prompt_version == f"{PROMPT_VERSION}.1"


def test_a_draft_is_replayed_beside_what_was_said_and_nothing_is_sent(talk: Talk) -> None:
    talk.say("oi")
    talk.let_answer()
    thread = talk.say("quero clareamento")
    talk.let_answer()
    before = bot_lines()
    told = replay(thread, version("Nova voz!"))
    assert [turn.asked for turn in told] == ["oi", "quero clareamento"]
    assert told[0].now.startswith("Nova voz!")
    assert not told[0].is_same
    assert [turn.then for turn in told] == before == bot_lines()


def test_the_pages_write_compare_and_replay(login: Login, ana: Membership, talk: Talk) -> None:
    thread = talk.say("oi")
    talk.let_answer()
    client = login(ana)
    made = client.post(
        "/sdr/prompts/novo/", {"opening": "Voz da Ana!", "instructions": "Breve.", "note": "mais calorosa"}
    )
    one = Prompt.objects.get()
    assert made["Location"] == f"/sdr/prompts/{one.pk}/"
    client.post("/sdr/prompts/novo/", {"opening": "Voz da Ana!", "instructions": "Longo."})
    two = Prompt.objects.get(number=2)
    page = client.get(f"/sdr/prompts/{two.pk}/").content.decode()
    assert "<del>Breve.</del>" in page and "<ins>Longo.</ins>" in page
    replayed = client.post(f"/sdr/prompts/{one.pk}/rever/{thread.pk}/").content.decode()
    assert "Voz da Ana!" in replayed
    client.post(f"/sdr/prompts/{one.pk}/usar/", {"share": "100"})
    client.post(f"/sdr/prompts/{two.pk}/usar/", {"share": "40"})
    listed = client.get("/sdr/prompts/").content.decode()
    assert "60%" in listed and "40%" in listed
    client.post(f"/sdr/prompts/{two.pk}/tirar/")
    assert Prompt.objects.get(number=1).share == 100


@pytest.mark.parametrize("data", [{}, {"opening": " "}, {"opening": "x" * 301}, {"instructions": "x" * 4001}])
def test_an_empty_or_endless_version_is_refused(
    login: Login, ana: Membership, in_acme: Organization, data: dict[str, str]
) -> None:
    assert login(ana).post("/sdr/prompts/novo/", data).status_code == 422
    assert not Prompt.objects.exists()


@pytest.mark.parametrize("share", ["0", "101", "x", ""])
def test_an_odd_share_changes_nothing(login: Login, ana: Membership, in_acme: Organization, share: str) -> None:
    one = version()
    login(ana).post(f"/sdr/prompts/{one.pk}/usar/", {"share": share})
    one.refresh_from_db()
    assert one.state == PromptState.DRAFT


def test_an_agent_may_look_but_not_change(login: Login, bruno: Membership, in_acme: Organization) -> None:
    one = version()
    client = login(bruno)
    assert client.get(f"/sdr/prompts/{one.pk}/").status_code == 200
    assert client.post(f"/sdr/prompts/{one.pk}/usar/", {"share": "100"}).status_code == 403
    assert client.post("/sdr/prompts/novo/", {"opening": "x"}).status_code == 403


def test_another_organizations_version_is_not_there(login: Login, carla: Membership, in_acme: Organization) -> None:
    one = version()
    assert login(carla).get(f"/sdr/prompts/{one.pk}/").status_code == 404
