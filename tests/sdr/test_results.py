"""The numbers of the SDR, exact, and the conversations behind each of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization
from conversations.models import Conversation, Message
from core.clock import now
from core.tenancy import activate_organization
from sdr.insights import Insights, rows_behind
from sdr.insights.suggesting import suggestions_of
from sdr.models import ModelCall, Qualification, Question, Refusal
from tests.sdr.talk import FACTS, Talk
from tests.support.thread import contact, simulator

Login = Callable[..., Client]


def facts(**known: str) -> dict[str, Any]:
    return {
        name: {"value": known[name], "level": "x", "message_id": "m", "quote": ""} if name in known else None
        for name in ("name", "interest", "urgency", "knowledge", "location")
    }


@pytest.fixture
def leads(in_acme: Organization) -> list[Qualification]:
    """Six leads: two hot, one warm, one abandoned, one who asked for a person, one still talking."""
    channel = simulator()
    rows = [
        ("qualificado", "quente", 120, "", facts(interest="Botox", name="A"), "quero botox, mas ta caro"),
        ("qualificado", "quente", 100, "", facts(interest="Botox", name="B"), "acho meio caro o botox"),
        ("qualificado", "morno", 70, "", facts(interest="Limpeza", name="C"), "fica longe para mim"),
        ("abandoned", "frio", 30, "", facts(interest="Limpeza"), "vou pensar"),
        ("handed_off", "", 0, "wants_human", facts(), "quero falar com atendente"),
        ("collecting", "", 0, "", facts(), "oi"),
    ]
    made = []
    for number, (status, temperature, score, reason, known, said) in enumerate(rows):
        person = contact(f"Lead {number}", f"+55199974{number:05d}")
        thread = Conversation.objects.create(contact=person, channel=channel, last_message_at=now())
        Message.objects.create(
            conversation=thread,
            channel=channel,
            direction="in",
            origin="customer",
            body=said,
            state="received",
            at=now(),
        )
        done = now() if status == "qualificado" else None
        row = Qualification.objects.create(
            contact=person, conversation=thread, status=status, temperature=temperature, score=score, handoff_reason=reason, facts=known,
            qualified_at=done,
        )  # fmt: skip
        Qualification.objects.filter(pk=row.pk).update(started_at=now() - timedelta(minutes=10))
        made.append(row)
    return made


@pytest.fixture
def insights(leads: list[Qualification], in_acme: Organization) -> Insights:
    return Insights(in_acme, now(), 30)


def test_what_became_of_the_leads(insights: Insights) -> None:
    assert insights.counts == {
        "all": 6, "collecting": 1, "qualificado": 3, "handed_off": 1, "abandoned": 1, "opted_out": 0,
    }  # fmt: skip
    assert insights.success_rate == 60
    assert insights.calendar == {"today": 3, "week": 3, "month": 3}
    assert insights.means["score"] == 80
    assert round(insights.means["minutes"] or 0) == 10


def test_breakdowns(insights: Insights) -> None:
    assert [(part.key, part.count) for part in insights.temperatures] == [
        ("quente", 2),
        ("morno", 1),
        ("frio", 0),
        ("muito_frio", 0),
    ]
    assert {(part.key, part.count) for part in insights.services} == {("Botox", 2), ("Limpeza", 2)}
    assert [(part.key, part.count) for part in insights.objections] == [("price", 2), ("distance", 1), ("later", 1)]
    assert [(part.key, part.count) for part in insights.reasons] == [("wants_human", 1)]
    assert ("botox", 2) in {(part.key, part.count) for part in insights.keywords}
    assert ("knowledge", 2) in {(part.key, part.count) for part in insights.missing}


def test_cost_per_qualified_lead(insights: Insights) -> None:
    assert insights.cost_per_qualified == 0
    ModelCall.objects.create(task="reply", provider="openai", cost_micros=9_000_000)
    assert Insights(insights.organization, now(), 30).cost_per_qualified == 300


def test_nobody_yet_is_no_error(in_acme: Organization) -> None:
    empty = Insights(in_acme, now(), 7)
    assert (empty.success_rate, empty.cost_per_qualified, set(empty.means.values())) == (0.0, None, {None})
    assert suggestions_of(empty) == []
    assert sum(empty.course[1][0].values) == 0


@pytest.mark.parametrize(
    ("kind", "key", "who"),
    [
        ("all", "", 6), ("qualified", "", 3), ("status", "abandoned", 1), ("temperature", "quente", 2), ("service", "Botox", 2),
        ("reason", "wants_human", 1), ("objection", "price", 2), ("word", "botox", 2), ("missing", "knowledge", 2), ("booked", "", 0),
        ("booked", "quente", 0), ("objection", "nothing", 0), ("ended", "", 5), ("read", "", 4), ("cost", "", 0), ("since", "today", 3),
    ],
)  # fmt: skip
def test_each_number_opens_what_it_counts(
    insights: Insights, login: Login, ana: Membership, kind: str, key: str, who: int
) -> None:
    rows = rows_behind(insights, kind, key)
    assert rows is not None
    assert rows.count() == who
    page = login(ana).get("/sdr/resultados/conversas/", {"de": kind, "valor": key}).content.decode()
    assert page.count('href="/conversas/0') == who


def test_what_is_older_than_the_period_does_not_count(insights: Insights) -> None:
    Qualification.objects.update(started_at=now() - timedelta(days=40), qualified_at=now() - timedelta(days=40))
    assert Insights(insights.organization, now(), 30).counts["all"] == 0
    assert Insights(insights.organization, now(), 90).counts["all"] == 6


def test_suggestions_need_enough_behind_them(insights: Insights, leads: list[Qualification]) -> None:
    assert suggestions_of(insights) == []
    Question.objects.create(text="aceita pix?", key="aceita pix")
    for _ in range(2):
        Refusal.objects.create(conversation_id=leads[0].conversation_id, wanted="x")
    Qualification.objects.update(status="abandoned", facts=facts())
    told = {one.code for one in suggestions_of(Insights(insights.organization, now(), 30))}
    assert told == {"questions", "held_back", "missing"}


def test_the_page_of_a_real_talk(talk: Talk, login: Login, bruno: Membership) -> None:
    for text in FACTS:
        talk.say(text)
        talk.let_answer()
    client = login(bruno)
    page = client.get("/sdr/resultados/?dias=7").content.decode()
    assert "Clareamento" in page
    assert all(words in page for words in (">1 hoje<", ">1 em 7 dias<", ">1 em 30 dias<"))
    assert client.get("/sdr/resultados/?dias=x").status_code == 200
    assert client.get("/sdr/resultados/conversas/?de=nada").status_code == 404


def test_another_organization_counts_none_of_it(leads: list[Qualification], login: Login, carla: Membership) -> None:
    with activate_organization(carla.organization_id):
        assert Insights(carla.organization, now(), 30).counts["all"] == 0
    assert "Botox" not in login(carla).get("/sdr/resultados/").content.decode()
