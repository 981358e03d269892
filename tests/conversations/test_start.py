"""A person begins a conversation from the page of a contact."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization, User
from conversations.models import Conversation, ConversationStatus, Handler
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.models import Contact
from tests.support.jobs import drain
from tests.support.thread import contact, simulator

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    return simulator()


@pytest.fixture
def bia(in_acme: Organization) -> Contact:
    return contact("Bia", "+5519997426108")


def body(bia: Contact, channel: Channel) -> dict[str, str]:
    return {"contact": str(bia.pk), "channel": str(channel.pk)}


def test_from_the_contact_to_the_first_message(bruno: Membership, login: Login, bia: Contact, channel: Channel) -> None:
    browser = login(bruno)
    assert "Abrir a conversa" in browser.get(reverse("leads:contact", args=[bia.pk])).content.decode()
    browser.post(reverse("conversations:create"), body(bia, channel))
    answer = browser.post(reverse("conversations:create"), body(bia, channel))
    thread = Conversation.objects.get()
    assert answer["Location"] == reverse("conversations:conversation", args=[thread.pk]) + "#conversa"
    assert "Bia" not in browser.get(reverse("conversations:inbox")).content.decode()
    address = reverse("conversations:message-create", args=[thread.pk])
    browser.post(address, {"body": "Oi, Bia!", "client_key": "1"})
    drain()
    thread.refresh_from_db()
    assert (thread.status, thread.handler, thread.assigned_to) == (ConversationStatus.OPEN, Handler.HUMAN, bruno)
    assert "Oi, Bia!" in browser.get(reverse("conversations:inbox")).content.decode()


def test_the_thread_that_is_open_goes_on(bruno: Membership, login: Login, bia: Contact, channel: Channel) -> None:
    known = Conversation.objects.create(contact=bia, channel=channel, status="open")
    answer = login(bruno).post(reverse("conversations:create"), body(bia, channel))
    assert str(known.pk) in answer["Location"]
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize(
    "changed", [{"contact": "x"}, {"contact": ""}, {"channel": "x"}, {"channel": "0" * 32}, {"contact": "a\0b"}]
)
def test_what_is_not_there_is_not_found(
    bruno: Membership, login: Login, bia: Contact, channel: Channel, changed: dict[str, str]
) -> None:
    assert login(bruno).post(reverse("conversations:create"), body(bia, channel) | changed).status_code == 404
    assert not Conversation.objects.exists()


def test_neither_viewers_nor_strangers_begin_one(
    vera: Membership, carla: Membership, bruno: Membership, login: Login, bia: Contact, channel: Channel
) -> None:
    assert login(vera).post(reverse("conversations:create"), body(bia, channel)).status_code == 403
    assert "Abrir a conversa" not in login(vera).get(reverse("leads:contact", args=[bia.pk])).content.decode()
    assert login(carla).post(reverse("conversations:create"), body(bia, channel)).status_code == 404
    with activate_organization(carla.organization_id):
        theirs = simulator()
    assert login(bruno).post(reverse("conversations:create"), body(bia, theirs)).status_code == 404
    assert not Conversation.objects.exists()
