"""Whom a hot lead or a waiting conversation is told to, when, and by whose wishes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Team, User
from conversations.alerts import Alert, alerts_of, cursor_of, moment_of
from conversations.models import Conversation, Message
from conversations.services.handling import add_event
from core.clock import now
from core.tenancy import activate_organization
from tests.support.thread import contact, simulator

Login = Callable[..., Client]


@pytest.fixture
def thread(in_acme: Organization) -> Conversation:
    row: Conversation = Conversation.objects.create(
        contact=contact("Mariana Teixeira", "+5519997426108"), channel=simulator(), handler="human", last_message_at=now(), last_message_preview="Oi?"
    )  # fmt: skip
    return row


def say(thread: Conversation, text: str = "Oi?", **values: Any) -> Message:
    message: Message = Message.objects.create(
        conversation=thread, channel=thread.channel, direction="in", origin="customer", state="received", body=text, at=now(), **values
    )  # fmt: skip
    return message


def told(member: Membership, ago: int = 30) -> list[tuple[str, str]]:
    found: list[Alert] = alerts_of(member, now() - timedelta(seconds=ago))
    return [(alert.kind, alert.conversation.contact.name) for alert in found]


def test_whoever_writes_to_a_person_waits_for_one(thread: Conversation, bruno: Membership) -> None:
    assert told(bruno) == []
    say(thread)
    say(thread, "Alguém aí?")
    assert told(bruno) == [("waiting", "Mariana Teixeira")]


def test_what_the_sdr_takes_care_of_alerts_nobody(thread: Conversation, bruno: Membership) -> None:
    Conversation.objects.update(handler="bot")
    say(thread)
    assert told(bruno) == []
    Conversation.objects.update(needs_human="wants_human")
    assert told(bruno) == [("waiting", "Mariana Teixeira")]


@pytest.mark.parametrize(("temperature", "kind"), [("quente", "hot"), ("morno", "waiting")])
def test_a_qualified_lead_is_hot_or_waits(thread: Conversation, bruno: Membership, temperature: str, kind: str) -> None:
    add_event(thread, "qualified", score=120, temperature=temperature)
    say(thread)
    assert told(bruno) == [(kind, "Mariana Teixeira")]


@pytest.mark.parametrize(
    ("wishes", "kinds"),
    [({"alert_hot": False}, ["waiting"]), ({"alert_waiting": False}, ["hot"]), ({"alert_hot": False, "alert_waiting": False}, [])],
)  # fmt: skip
def test_each_person_chooses(
    thread: Conversation, bruno: Membership, wishes: dict[str, bool], kinds: list[str]
) -> None:
    add_event(thread, "qualified", score=120, temperature="quente")
    say(thread)
    User.objects.filter(pk=bruno.user_id).update(**wishes)
    bruno.user.refresh_from_db()
    assert [kind for kind, _name in told(bruno)] == kinds


def test_what_is_in_other_hands_alerts_nobody_else(thread: Conversation, ana: Membership, bruno: Membership) -> None:
    say(thread)
    Conversation.objects.update(assigned_to=ana)
    assert (len(told(ana)), told(bruno)) == (1, [])
    team = Team.objects.create(name="Vendas")
    Conversation.objects.update(assigned_to=None, team=team)
    assert (told(ana), told(bruno)) == ([], [])
    bruno.teams.add(team, through_defaults={"organization_id": bruno.organization_id})
    assert (told(ana), len(told(bruno))) == ([], 1)


def test_what_is_old_or_closed_is_silent(thread: Conversation, bruno: Membership) -> None:
    message = say(thread)
    Message.objects.filter(pk=message.pk).update(created_at=now() - timedelta(minutes=5))
    assert told(bruno) == []
    say(thread)
    Conversation.objects.update(status="closed")
    assert told(bruno) == []


def test_the_page_asks_from_where_it_was(thread: Conversation, login: Login, bruno: Membership) -> None:
    client = login(bruno)
    since = cursor_of(now() - timedelta(seconds=20))
    message = say(thread)
    page = client.get("/conversas/avisos/", {"desde": str(since)}).content.decode()
    assert f'data-alert="{message.pk}"' in page
    assert "Mariana Teixeira espera por você" in page
    assert "hx-get" not in page, "nobody asks who wants neither sound nor notification"
    User.objects.update(alert_sound=True)
    page = client.get("/conversas/avisos/", {"desde": str(since)}).content.decode()
    assert " data-sound" in page and " data-popup" not in page and "/conversas/avisos/?desde=" in page
    assert client.get("/conversas/avisos/", {"desde": "9" * 15}).status_code == 200
    assert "data-alert=" not in client.get("/conversas/avisos/", {"desde": "nada"}).content.decode().replace(
        f'data-alert="{message.pk}"', ""
    )


@pytest.mark.parametrize("odd", ["", "x", "-1", "9" * 30, "²", "1"])
def test_an_odd_cursor_tells_only_of_what_comes(odd: str) -> None:
    at = now()
    assert moment_of(odd, at) == at


def test_viewers_and_strangers_are_told_nothing(
    thread: Conversation, login: Login, vera: Membership, carla: Membership
) -> None:
    say(thread)
    assert login(vera).get("/conversas/avisos/").status_code == 403
    assert "data-alert=" not in login(carla).get(f"/conversas/avisos/?desde={cursor_of(now()) - 9000}").content.decode()
    with activate_organization(carla.organization_id):
        assert told(carla) == []
    assert Client().get("/conversas/avisos/").status_code == 302


def test_the_wishes_are_kept_by_person(login: Login, ana: Membership, bruno: Membership) -> None:
    client = login(bruno)
    page = client.get("/minha-conta/").content.decode()
    assert "Som e avisos" in page
    answer = client.post("/minha-conta/avisos/", {"alert_sound": "on", "alert_hot": "on"})
    assert answer["Location"] == "/minha-conta/#avisos"
    wishes = User.objects.values_list("alert_hot", "alert_waiting", "alert_sound", "alert_popup")
    assert wishes.get(pk=bruno.user_id) == (True, False, True, False)
    assert wishes.get(pk=ana.user_id) == (True, True, False, False)
    assert 'hx-get="/conversas/avisos/' in client.get("/minha-conta/").content.decode()
    assert client.get("/minha-conta/avisos/").status_code == 405
