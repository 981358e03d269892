"""One person who is here twice: joined with all that belongs to them, and taken apart again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization
from conversations.models import Conversation, Message
from conversations.services.hidden import resolve_hidden
from conversations.services.receive import handle_messages
from core.clock import now
from core.phones import match_key
from gateways.calls import HttpReply
from gateways.events import MessagesReceived
from gateways.models import Channel
from leads.models import Contact, ContactIdentity, ContactList, ContactMerge, ListMembership, TimelineEntry
from leads.queries import contacts
from leads.services.contacts import anonymise, find_or_create_contact
from leads.services.joining import JoinError, join_contacts, take_apart

pytestmark = pytest.mark.django_db
LID, PHONE = "123456789012345@lid", "+5511999999999"


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    made: Channel = Channel(
        organization_id=in_acme.pk, provider="waha", name="Loja", state="connected", connected_at=now()
    )
    made.config = {"base_url": "http://127.0.0.1:9", "session": "loja"}
    made.save()
    return made


def person(name: str, phone: str = "", **values: Any) -> Contact:
    made: Contact = Contact.objects.create(
        name=name, phone=phone, phone_key=match_key(phone) if phone else None, **values
    )
    return made


def hears(channel: Channel, number: int, *, phone: str | None, identities: list[list[str]]) -> None:
    message = {
        "external_id": f"M{number}", "chat_id": identities[0][1], "phone": phone, "identities": identities, "name": "Maria",
        "kind": "text", "text": f"mensagem {number}", "at": now().isoformat(), "from_me": False, "from_api": False, "media": None,
        "reply_to": "", "is_old": False,
    }  # fmt: skip
    handle_messages(MessagesReceived(str(channel.organization_id), str(channel.pk), [message]))


def test_everything_changes_hands_and_comes_back(channel: Channel, ana: Membership) -> None:
    kept, gone = (
        person("", PHONE, tags=["vip"]),
        person("Maria", city="Recife", tags=["novo"], attributes={"plano": "A"}),
    )
    ContactIdentity.objects.create(contact=gone, kind="lid", value=LID)
    TimelineEntry.objects.create(contact=gone, kind="x", title="t", at=now())
    people = ContactList.objects.create(name="Todos")
    ListMembership.objects.create(contact_list=people, contact=gone, row_number=1)
    thread = Conversation.objects.create(contact=gone, channel=channel)
    merge = join_contacts(kept, gone, actor=ana)
    kept.refresh_from_db()
    assert (kept.name, kept.city, kept.tags, kept.attributes) == ("Maria", "Recife", ["vip", "novo"], {"plano": "A"})
    assert ContactIdentity.objects.get().contact_id == TimelineEntry.objects.get().contact_id == kept.pk
    assert ListMembership.objects.get().contact_id == Conversation.objects.get().contact_id == kept.pk
    assert list(contacts()) == [kept], "who was joined is listed no more"

    take_apart(merge, actor=ana)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.name, kept.city, kept.tags, kept.attributes) == ("", "", ["vip"], {})
    assert (gone.name, gone.status, gone.merged_into_id) == ("Maria", 1, None)
    assert ContactIdentity.objects.get().contact_id == Conversation.objects.get(pk=thread.pk).contact_id == gone.pk
    assert len(contacts()) == 2
    with pytest.raises(JoinError):
        take_apart(merge, actor=ana)


def test_two_open_threads_on_one_number_become_one_and_two_again(channel: Channel) -> None:
    hears(channel, 1, phone=None, identities=[["lid", LID]])
    hears(channel, 2, phone=PHONE, identities=[["whatsapp", "5511999999999@c.us"]])
    assert Conversation.objects.count() == 2
    hidden, known = Contact.objects.get(phone=""), Contact.objects.get(phone=PHONE)
    merge = join_contacts(known, hidden, actor=None)
    open_one = Conversation.objects.exclude(status="closed").get()
    assert (open_one.contact_id, open_one.messages.count(), open_one.unread) == (known.pk, 2, 2)
    assert open_one.last_message_preview == "mensagem 2"
    take_apart(merge, actor=None)
    assert {c.contact_id: c.messages.count() for c in Conversation.objects.exclude(status="closed")} == {
        hidden.pk: 1,
        known.pk: 1,
    }


def test_a_message_that_names_both_addresses_joins_the_ghost_by_itself(channel: Channel) -> None:
    hears(channel, 1, phone=None, identities=[["lid", LID]])
    hears(channel, 2, phone=PHONE, identities=[["whatsapp", "5511999999999@c.us"]])
    hears(channel, 3, phone=PHONE, identities=[["lid", LID], ["whatsapp", "5511999999999@c.us"]])
    (only,) = contacts()
    assert (only.phone, Message.objects.filter(conversation__contact=only).count()) == (PHONE, 3)
    assert ContactMerge.objects.get().by is None


def test_a_hidden_id_without_a_double_just_learns_its_phone(channel: Channel) -> None:
    hears(channel, 1, phone=None, identities=[["lid", LID]])
    assert Contact.objects.get().display_name == "Maria", "a hidden id is never shown as a phone"
    hears(channel, 2, phone=PHONE, identities=[["lid", LID], ["whatsapp", "5511999999999@c.us"]])
    assert (Contact.objects.get().phone, ContactMerge.objects.count()) == (PHONE, 0)


def test_the_server_is_asked_for_the_phone_behind_a_hidden_id(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(channel, 1, phone=None, identities=[["lid", LID]])
    known = person("Maria", PHONE)
    answer = HttpReply(200, b'{"lid": "123456789012345@lid", "pn": "5511999999999@c.us"}')
    monkeypatch.setattr("gateways.transport.sync._request", lambda call: answer)
    resolve_hidden(organization_id=str(channel.organization_id))
    (only,) = contacts()
    assert only.pk == known.pk and ContactMerge.objects.count() == 1


def test_two_people_with_phones_are_never_joined_by_themselves(in_acme: Organization) -> None:
    one, other = person("A", "+5511999999991"), person("B", "+5511999999992")
    ContactIdentity.objects.create(contact=other, kind="lid", value=LID)
    find_or_create_contact(phone=one.phone, identities=[("lid", LID)], name="", source="whatsapp")
    assert not ContactMerge.objects.exists()


def test_the_second_phone_finds_the_same_person_afterwards(in_acme: Organization) -> None:
    kept, gone = person("A", "+5511999999991"), person("A", "+5511999999992")
    merge = join_contacts(kept, gone, actor=None)
    assert find_or_create_contact(phone="+5511999999992", identities=[], name="", source="x")[0] == kept
    take_apart(merge, actor=None)
    assert find_or_create_contact(phone="+5511999999992", identities=[], name="", source="x")[0] == gone


def test_whoever_asked_to_be_left_alone_stays_so(in_acme: Organization) -> None:
    kept, gone = person("A", "+5511999999991"), person("A", opted_out_at=now(), opt_out_reason="PARE")
    join_contacts(kept, gone, actor=None)
    kept.refresh_from_db()
    assert kept.is_opted_out and kept.opt_out_reason == "PARE"


def test_nobody_is_joined_twice_or_with_who_is_gone(in_acme: Organization, ana: Membership) -> None:
    a, b, c = person("A", "+5511999999991"), person("B"), person("C")
    join_contacts(a, b, actor=None)
    for kept, gone in ((c, b), (b, c), (a, a)):
        with pytest.raises(JoinError):
            join_contacts(kept, gone, actor=None)
    anonymise(c, actor=ana)
    with pytest.raises(JoinError):
        join_contacts(a, c, actor=None)


def test_erasing_erases_what_was_kept_for_the_undo(in_acme: Organization, ana: Membership) -> None:
    kept, gone = person("A", "+5511999999991"), person("Segredo", "+5511999999992")
    join_contacts(kept, gone, actor=None)
    anonymise(kept, actor=ana)
    gone.refresh_from_db()
    assert (gone.name, gone.phone, ContactMerge.objects.exists()) == ("", "", False)


def test_the_page_finds_joins_and_undoes(
    in_acme: Organization, ana: Membership, carla: Membership, login: Callable[[Any], Client]
) -> None:
    kept, gone = person("Maria", "+5511999999991", search="maria"), person("Maria S", search="maria s")
    client, page = login(ana), reverse("leads:contact-joins", args=[kept.pk])
    assert "Maria S" in client.get(page, {"q": "maria"}).content.decode()
    client.post(reverse("leads:contact-join", args=[kept.pk]), {"other": str(gone.pk)})
    merge = ContactMerge.objects.get()
    assert merge.by == ana
    assert client.get(reverse("leads:contact", args=[gone.pk]))["Location"] == reverse("leads:contact", args=[kept.pk])
    undo = reverse("leads:contact-take-apart", args=[kept.pk, merge.pk])
    assert login(carla).post(undo).status_code == 404
    assert client.post(reverse("leads:contact-join", args=[kept.pk]), {"other": "x"}).status_code == 404
    login(ana).post(undo)
    assert ContactMerge.objects.get().undone_at is not None
