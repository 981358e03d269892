"""Several voices: by campaign, by segment or by number, with their own questions, closings and teams."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Team
from campaigns.models import CampaignAgent, Recipient
from conversations.models import Conversation
from core.clock import now
from gateways.models import Channel
from leads.models import Contact
from sdr.models import Agent, AgentChannel, Qualification, QualificationStatus
from sdr.services.agents import choose_agent, remove_agent, save_agent
from sdr.services.profiles import business_profile, get_profile
from tests.sdr.talk import FACTS, PHONE, Talk, bot_lines
from tests.support.thread import campaign_to, contact

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


def test_the_campaign_that_was_answered_wins_over_all(talk: Talk, ana: Membership) -> None:
    person = contact("Mariana", PHONE, attributes={"segmento": "noivas"})
    voice(talk, ana, name="Nina", segment="Noivas")
    campaign = campaign_to([person], talk.channel)
    agent = save_agent(Agent(), {"name": "Black Friday"}, [], campaigns=[campaign.pk], actor=ana)
    thread = talk.say("oi")
    assert choose_agent(thread).name == "Nina"  # it has not written yet
    Recipient.objects.update(state="sent", sent_at=now())
    assert choose_agent(thread) == agent
    later = campaign_to([person], talk.channel)
    Recipient.objects.filter(campaign=later).update(state="sent", sent_at=now() + timedelta(seconds=1))
    assert choose_agent(thread).name == "Nina"  # the newest campaign counts, and it has nobody of its own
    Recipient.objects.filter(campaign=later).delete()
    Recipient.objects.update(sent_at=now() - timedelta(days=31))
    assert choose_agent(thread).name == "Nina"


def test_a_campaign_has_one_agent_and_the_newest_choice_holds(talk: Talk, ana: Membership) -> None:
    campaign = campaign_to([contact("Mariana", PHONE)], talk.channel)
    for name in ("Bento", "Nina"):
        save_agent(Agent(), {"name": name}, [], campaigns=[campaign.pk], actor=ana)
    assert CampaignAgent.objects.get().agent.name == "Nina"
    remove_agent(Agent.objects.get(name="Nina"), actor=ana)
    assert not CampaignAgent.objects.exists()


def test_goals_and_manner_are_told_to_the_models(talk: Talk, ana: Membership) -> None:
    agent = voice(talk, ana, instructions="Fale como amiga.", goals="Marcar avaliação.")
    assert business_profile(get_profile(), None, agent).instructions == "Fale como amiga.\nObjetivos: Marcar avaliação."


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
    return {
        "name": "Bento", "is_active": "on", "questions": "Tem convênio?\nQuando nasceu?", "closed": "message", "follow_up_mode": "settings",
        "follow_up_hours": "4", "follow_up_from": "9", "follow_up_until": "19",
    } | changes  # fmt: skip


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
    campaign = campaign_to([contact("Mariana", PHONE)], talk.channel)
    hours = {
        "work_days": ["0", "4"],
        "work_from": "09:00",
        "work_until": "18:00",
        "closed": "wait",
        "skips_holidays": "on",
    }
    own = {"follow_up_mode": "own", "follow_ups_text": "Oi?\nAinda aí?", "follow_up_hours": "6"}
    client.post(f"/sdr/agentes/{agent.pk}/", form(campaigns=[str(campaign.pk)], goals="Marcar.", **hours, **own))
    agent.refresh_from_db()
    assert agent.working_hours == {"days": [0, 4], "start": "09:00", "end": "18:00", "skips_holidays": True}
    assert (agent.closed, agent.goals, agent.follow_ups, agent.follow_up_hours) == (
        "wait",
        "Marcar.",
        ["Oi?", "Ainda aí?"],
        6,
    )
    assert CampaignAgent.objects.get().campaign == campaign
    assert "Campanha" in client.get("/sdr/agentes/").content.decode()
    page = client.get(f"/sdr/agentes/{agent.pk}/").content.decode()
    assert 'value="09:00"' in page and "Ainda aí?" in page
    client.post(f"/sdr/agentes/{agent.pk}/", form(name="Beto"))
    assert not CampaignAgent.objects.exists()
    assert Agent.objects.get().working_hours == {}
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
        {"campaigns": ["018f0000-0000-7000-8000-000000000000"]},
        {"work_days": ["0"]},
        {"work_days": ["0"], "work_from": "09:00", "work_until": "09:00"},
        {"work_days": ["7"], "work_from": "09:00", "work_until": "18:00"},
        {"follow_up_mode": "own"},
        {"follow_up_mode": "own", "follow_ups_text": "a\nb\nc\nd"},
        {"follow_up_from": "20"},
        {"closed": "sleep"},
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
