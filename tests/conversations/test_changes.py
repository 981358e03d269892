"""What people do to messages afterwards, and signs of life before an answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization
from conversations.models import Conversation, Message, Origin
from conversations.queries import history, inbox
from conversations.services.send import send_message
from core.clock import now
from gateways.events import MessagesReceived
from gateways.models import Channel, ChannelState
from gateways.services import presence
from sagas.outbox import publish
from sdr.models import SdrProfile
from tests.support.jobs import drain
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db
PHONE = "+5519997426108"


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    return simulator()


@pytest.fixture
def thread(channel: Channel, in_acme: Organization) -> Conversation:
    SdrProfile.objects.create(organization=in_acme, enabled=False)
    return receive(channel, PHONE, "Quanto custa?", external_id="in-1", at=now().isoformat())


def change(channel: Channel, kind: str, text: str = "", *, seconds: int = 10, **values: Any) -> Message:
    at = (now() + timedelta(seconds=seconds)).isoformat()
    data = {"kind": kind, "external_id": "in-1", "chat_id": PHONE, "text": text, "at": at, "from_me": False} | values
    publish(MessagesReceived(str(channel.organization_id), str(channel.pk), [], [data]))
    drain()
    return Message.objects.get(external_id="in-1")


def test_a_corrected_message_shows_its_new_words_and_keeps_the_first(thread: Conversation, channel: Channel) -> None:
    message = change(channel, "edited", "Quanto custa a limpeza?")
    assert (message.body, message.data["first_body"]) == ("Quanto custa a limpeza?", "Quanto custa?")
    thread.refresh_from_db()
    assert thread.last_message_preview == "Quanto custa a limpeza?"
    assert list(inbox("open", member=None, search="limpeza")) == [thread]
    again = change(channel, "edited", "Quanto custa o implante?", seconds=20)
    assert (again.body, again.data["first_body"]) == ("Quanto custa o implante?", "Quanto custa?")


def test_a_correction_that_comes_late_or_twice_changes_nothing(thread: Conversation, channel: Channel) -> None:
    change(channel, "edited", "segunda", seconds=20)
    assert change(channel, "edited", "primeira", seconds=10).body == "segunda"
    assert change(channel, "edited", "segunda", seconds=20).data["first_body"] == "Quanto custa?"


def test_what_was_taken_back_is_marked_and_the_sdr_no_longer_reads_it(thread: Conversation, channel: Channel) -> None:
    message = change(channel, "revoked")
    assert (message.body, "revoked_at" in message.data) == ("Quanto custa?", True)
    assert history(thread.pk) == []


def test_each_side_has_one_reaction(thread: Conversation, channel: Channel) -> None:
    change(channel, "reaction", "👍")
    change(channel, "reaction", "🙏", seconds=20)
    assert change(channel, "reaction", "❤️", seconds=5, from_me=True).data["reactions"] == {"them": "🙏", "us": "❤️"}
    assert change(channel, "reaction", "", seconds=30).data["reactions"] == {"us": "❤️"}


def test_a_change_of_an_unknown_message_is_let_go(thread: Conversation, channel: Channel) -> None:
    assert change(channel, "edited", "x", external_id="nobody-knows").body == "Quanto custa?"


def test_changes_are_shown_in_the_thread(
    thread: Conversation, channel: Channel, ana: Membership, login: Callable[[Any], Client]
) -> None:
    change(channel, "edited", "Quanto custa a limpeza?")
    change(channel, "reaction", "🙏")
    page = login(ana).get(f"/conversas/{thread.pk}/").content.decode()
    assert "editada" in page and "🙏" in page
    change(channel, "revoked")
    page = login(ana).get(f"/conversas/{thread.pk}/").content.decode()
    assert "apagada" in page and "<s>" in page


def test_an_answer_of_a_person_marks_the_chat_as_read_first(
    thread: Conversation, ana: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[dict[str, Any]] = []
    monkeypatch.setattr(presence.show_presence.__class__, "enqueue", lambda job, **kwargs: rung.append(kwargs))
    waha = Channel(organization_id=thread.organization_id, provider="waha", name="Loja", state=ChannelState.CONNECTED)
    waha.config = {"base_url": "http://127.0.0.1:3000", "session": "default"}
    waha.save()
    Conversation.objects.filter(pk=thread.pk).update(channel=waha)
    fresh = Conversation.objects.select_related("contact", "channel").get(pk=thread.pk)
    send_message(fresh, body="Oi!", author=ana, origin=Origin.HUMAN)
    assert any({"typing": False, "chat_id": PHONE}.items() <= kwargs.items() for kwargs in rung)
