"""How many conversations wait for a person: in the menu of every page, and live."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization, User
from conversations.models import Conversation, Handler
from conversations.queries import waiting_for_people
from core.clock import now
from gateways.models import Channel
from sdr.models import SdrProfile
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    SdrProfile.objects.create(organization=in_acme, enabled=False)
    return simulator()


def thread(channel: Channel, number: int, **values: object) -> Conversation:
    made = receive(channel, f"+55199900010{number:02}", "Oi", external_id=f"in-{number}", at=now().isoformat())
    Conversation.objects.filter(pk=made.pk).update(**values)
    return made


def test_what_the_sdr_takes_care_of_waits_for_nobody(channel: Channel) -> None:
    thread(channel, 1, handler=Handler.BOT, needs_human="", unread=4)
    thread(channel, 2, handler=Handler.BOT, needs_human="qualified", unread=2)
    thread(channel, 3, handler=Handler.HUMAN, unread=7)
    thread(channel, 4, handler=Handler.HUMAN, unread=0)
    thread(channel, 5, handler=Handler.HUMAN, unread=1, status="closed")
    assert waiting_for_people() == 2


def test_the_menu_of_every_page_says_it_and_asks_again_when_something_arrives(
    channel: Channel, ana: Membership, carla: Membership, login: Login
) -> None:
    thread(channel, 1, handler=Handler.HUMAN, unread=3)
    page = login(ana).get(reverse("leads:list")).content.decode()
    assert 'data-unread="1"' in page and 'hx-trigger="live:inbox from:body' in page
    fragment = login(ana).get(reverse("conversations:unread"), headers={"HX-Request": "true"}).content.decode()
    assert fragment.startswith('<span id="unread"') and 'data-unread="1"' in fragment
    assert 'data-unread="0"' in login(carla).get(reverse("conversations:unread")).content.decode()


def test_reading_a_conversation_takes_it_off_the_count(channel: Channel, ana: Membership, login: Login) -> None:
    made = thread(channel, 1, handler=Handler.HUMAN, unread=3)
    login(ana).get(reverse("conversations:conversation", args=[made.pk]))
    assert waiting_for_people() == 0
