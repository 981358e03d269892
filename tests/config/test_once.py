"""A form that is sent twice acts once: the double click, the reload that sends again, and two tabs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, Invitation, Membership, Organization, Team
from conversations.models import Conversation, Message
from core import once
from core.clock import now
from core.tenancy import across_organizations
from gateways.models import Channel
from leads.models import Contact, ContactList

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
FORMS: list[tuple[str, dict[str, str], type[Any]]] = [
    ("leads:contact-create", {"name": "Zeca", "status": "1"}, Contact),
    ("leads:list-create", {"name": "Clientes"}, ContactList),
    ("accounts:team-create", {"name": "Vendas"}, Team),
    ("accounts:invitation-create", {"email": "nova@acme.com.br", "role": "agent"}, Invitation),
    ("accounts:token-create", {"name": "Loja", "role": "admin"}, ApiToken),
    ("accounts:organization-create", {"name": "Filial"}, Organization),
]


def count(model: type[Any]) -> int:
    with across_organizations():
        return int(model._base_manager.count())


@pytest.mark.parametrize(("name", "values", "model"), FORMS)
def test_a_double_click_makes_one_row(
    ana: Membership, login: Login, name: str, values: dict[str, str], model: type[Any]
) -> None:
    browser, before = login(ana), count(model)
    first = browser.post(reverse(name), values | {"once": "k1"})
    second = browser.post(reverse(name), values | {"once": "k1"})
    assert first.status_code < 400
    assert second.status_code == 302
    assert count(model) == before + 1
    if first.status_code == 302:
        assert second["Location"] == first["Location"]


def test_a_number_is_connected_once(ana: Membership, login: Login) -> None:
    browser = login(ana)
    values = {"name": "Recepção", "role": "active", "speed": "10", "is_answering": "on", "once": "k1"}
    first = browser.post(reverse("gateways:channel-create", args=["simulator"]), values)
    second = browser.post(reverse("gateways:channel-create", args=["simulator"]), values)
    assert (first.status_code, second.status_code) == (302, 302)
    assert count(Channel) == 1


def test_two_tabs_mean_it_twice(ana: Membership, login: Login) -> None:
    browser = login(ana)
    for key in ("k1", "k2"):
        browser.post(reverse("leads:contact-create"), {"name": "Zeca", "status": "1", "once": key})
    assert count(Contact) == 2


def test_a_refused_form_may_be_sent_again_corrected(ana: Membership, login: Login) -> None:
    browser = login(ana)
    assert browser.post(reverse("leads:list-create"), {"name": "", "once": "k1"}).status_code == 422
    assert browser.post(reverse("leads:list-create"), {"name": "Clientes", "once": "k1"}).status_code == 302
    assert count(ContactList) == 1


def test_the_key_of_one_person_is_not_the_key_of_another(ana: Membership, carla: Membership, login: Login) -> None:
    for who in (ana, carla):
        login(who).post(reverse("leads:list-create"), {"name": "Clientes", "once": "k1"})
    assert count(ContactList) == 2


def test_every_form_of_a_creating_page_carries_a_fresh_key(ana: Membership, login: Login) -> None:
    browser = login(ana)
    pages = [browser.get(reverse("leads:contact-create")).content for _ in range(2)]
    assert all(b'name="once"' in page for page in pages)
    assert pages[0].split(b'name="once" value="')[1][:32] != pages[1].split(b'name="once" value="')[1][:32]


def test_a_note_sent_twice_is_one_note(ana: Membership, login: Login, in_acme: Organization) -> None:
    channel = Channel.objects.create(provider="simulator", name="Simulador")
    contact = Contact.objects.create(name="Zeca", phone="+5519997426108", phone_key="+5519997426108")
    thread = Conversation.objects.create(contact=contact, channel=channel, last_message_at=now())
    browser = login(ana)
    for _click in range(2):
        browser.post(reverse("conversations:note-create", args=[thread.pk]), {"body": "ligar", "client_key": "k1"})
    assert Message.objects.filter(direction="note").count() == 1


@pytest.mark.django_db(transaction=True)
def test_clicks_at_the_same_moment(ana: Membership, login: Login) -> None:
    browser = login(ana)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value

    def click(_number: int) -> int:
        mine = Client()
        mine.cookies[settings.SESSION_COOKIE_NAME] = cookie
        try:
            return mine.post(reverse("leads:list-create"), {"name": "Clientes", "once": "k1"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(click, range(4))) == {302}
    assert count(ContactList) == 1


def test_without_redis_the_form_still_acts(ana: Membership, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = login(ana)

    class Dead:
        def set(self, *args: object, **kwargs: object) -> None:
            raise once.RedisError

    monkeypatch.setattr(once, "redis_client", Dead)
    assert browser.post(reverse("leads:list-create"), {"name": "Clientes", "once": "k1"}).status_code == 302
    assert count(ContactList) == 1
