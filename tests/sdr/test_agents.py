"""Several voices: by number or by segment, with their own questions, closings and teams."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Team
from conversations.models import Conversation
from gateways.models import Channel
from leads.models import Contact
from sdr.models import Agent, AgentChannel, Qualification, QualificationStatus
from sdr.services.agents import choose_agent, remove_agent, save_agent
from tests.sdr.talk import FACTS, Talk, bot_lines

Login = Callable[..., Client]


def voice(talk: Talk, actor: Membership, **values: Any) -> Agent:
    defaults = {"name": "Bento", "opening": "Oi! Aqui é o Bento."}
    channels = [] if values.get("segment") else [talk.channel]
    return save_agent(Agent(), defaults | values, channels, actor=actor)


def tell_all(talk: Talk) -> None:
    for text in FACTS:
        talk.say(text)
        talk.let_answer()


def test_the_agent_of_the_number_talks_in_its_own_voice(talk: Talk, ana: Membership) -> None:
    agent = voice(talk, ana)
    talk.say("oi")
    talk.let_answer()
    assert bot_lines()[0].startswith("Oi! Aqui é o Bento.")
    assert Qualification.objects.get().agent == agent


def test_the_segment_wins_over_the_number(talk: Talk, ana: Membership) -> None:
    voice(talk, ana)
    brides = voice(talk, ana, name="Nina", segment="Noivas")
    thread = talk.say("oi")
    assert choose_agent(thread) != brides
    Contact.objects.update(attributes={"segmento": "noivas"})
    assert choose_agent(Conversation.objects.select_related("contact").get()) == brides


def test_a_switched_off_agent_talks_to_nobody(talk: Talk, ana: Membership) -> None:
    voice(talk, ana, is_active=False)
    assert choose_agent(talk.say("oi")) is None


def test_own_questions_are_asked_once_each_and_their_answers_kept(talk: Talk, ana: Membership) -> None:
    voice(talk, ana, questions=["Você tem convênio?", "Como nos conheceu?"])
    tell_all(talk)
    assert bot_lines()[-1] == "Você tem convênio?"
    assert Qualification.objects.get().status == QualificationStatus.COLLECTING
    talk.say("tenho unimed")
    talk.let_answer()
    assert bot_lines()[-1] == "Como nos conheceu?"
    talk.say("pelo instagram")
    talk.let_answer()
    row = Qualification.objects.get()
    assert row.status == QualificationStatus.QUALIFIED
    assert [(item["question"], item["answer"]) for item in row.extra] == [
        ("Você tem convênio?", "tenho unimed"), ("Como nos conheceu?", "pelo instagram"),
    ]  # fmt: skip
    lines = bot_lines()
    assert len(lines) == len(set(lines))


def test_the_agents_closing_and_team_win_over_the_settings(talk: Talk, ana: Membership) -> None:
    team = Team.objects.create(name="Noivas")
    voice(talk, ana, closings={"quente": "Até já, {nome}!"}, team_quente=team)
    tell_all(talk)
    assert bot_lines()[-1] == "Até já, Mariana!"
    assert Conversation.objects.get().team == team


def test_a_lead_keeps_its_agent_and_a_removed_one_leaves_the_settings(talk: Talk, ana: Membership) -> None:
    agent = voice(talk, ana)
    talk.say("oi")
    talk.let_answer()
    other = save_agent(Agent(), {"name": "Nina"}, [talk.channel], actor=ana)
    talk.say("quero clareamento")
    talk.let_answer()
    assert Qualification.objects.get().agent == agent
    assert AgentChannel.objects.get().agent == other
    remove_agent(agent, actor=ana)
    tell_all(talk)
    assert Qualification.objects.get().status == QualificationStatus.QUALIFIED


def form(**changes: Any) -> dict[str, Any]:
    return {"name": "Bento", "is_active": "on", "questions": "Tem convênio?\nQuando nasceu?"} | changes


def test_an_agent_is_made_changed_and_removed_on_its_page(talk: Talk, login: Login, ana: Membership) -> None:
    client = login(ana)
    assert (
        client.post("/sdr/agentes/novo/", form(channels=[str(talk.channel.pk)], closing_quente="Tchau!")).status_code
        == 302
    )
    agent = Agent.objects.get()
    assert (agent.questions, agent.closings) == (["Tem convênio?", "Quando nasceu?"], {"quente": "Tchau!"})
    assert list(agent.channels.all()) == [talk.channel]
    assert "Bento" in client.get("/sdr/agentes/").content.decode()
    assert "Tem convênio?" in client.get(f"/sdr/agentes/{agent.pk}/").content.decode()
    client.post(f"/sdr/agentes/{agent.pk}/", form(name="Beto"))
    assert Agent.objects.get().name == "Beto"
    assert not AgentChannel.objects.exists()
    client.post(f"/sdr/agentes/{agent.pk}/excluir/")
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 41},
        {"questions": "\n".join("abcdef")},
        {"questions": "x" * 251},
        {"channels": ["x"]},
        {"team_quente": "x"},
    ],
)
def test_what_cannot_be_is_refused(
    in_acme: Organization, login: Login, ana: Membership, changes: dict[str, Any]
) -> None:
    assert login(ana).post("/sdr/agentes/novo/", form(**changes)).status_code == 422
    assert not Agent.objects.exists()


def test_another_organizations_number_and_agent_are_out_of_reach(
    talk: Talk, login: Login, ana: Membership, bruno: Membership, carla: Membership
) -> None:
    agent = voice(talk, ana)
    client = login(carla)
    assert client.get(f"/sdr/agentes/{agent.pk}/").status_code == 404
    assert client.post("/sdr/agentes/novo/", form(channels=[str(talk.channel.pk)])).status_code == 422
    assert Channel.objects.filter(pk=talk.channel.pk).exists()
    assert login(bruno).post(f"/sdr/agentes/{agent.pk}/", form()).status_code == 403
