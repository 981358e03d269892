"""Every message of a campaign can be traced by the person who got it: row, date, ground, who launched it, and the way out."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Membership, Organization
from campaigns.models import Campaign, Recipient, RecipientState
from campaigns.provenance.links import origin_url, recipient_of, token_of
from campaigns.services import lifecycle
from conversations.events import CustomerReplied
from conversations.models import Conversation, ConversationStatus, Direction, Message, Origin
from conversations.services.campaign import CampaignMessage, record_campaign_messages
from core.clock import now
from core.tenancy import activate_organization
from leads.models import Contact, Import, ListMembership
from leads.services.erasure import anonymise
from sagas.outbox import publish
from sdr.models import ReplyTurn
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(in_acme: Organization, ana: Membership, make_list: Any, make_campaign: Any, make_contact: Any) -> Recipient:
    """A message that somebody of an imported file got."""
    brought = Import.objects.create(
        list_name="Pacientes", filename="pacientes 2025.xlsx", stored_path="x", legal_basis="contract", created_by=ana
    )
    chosen = make_list(contacts=[make_contact(1, "Bia Prado", import_id=brought.pk)])
    ListMembership.objects.update(row_number=38, import_id=brought.pk)
    campaign: Campaign = lifecycle.start(make_campaign(lists=[chosen], actor=ana))
    Recipient.objects.update(
        state=RecipientState.SENT, sent_at=now(), channel=campaign.channels.get(), external_id="x1"
    )
    row: Recipient = Recipient.objects.get()
    record_campaign_messages(
        in_acme.pk, [CampaignMessage(row.pk, row.contact_id, campaign.channels.get().pk, row.body, "sent", "x1", now())]
    )
    return row


def ask(row: Recipient, text: str, **values: Any) -> CustomerReplied:
    conversation = Conversation.objects.get()
    message = Message.objects.create(
        conversation=conversation, channel=conversation.channel, direction=Direction.IN, origin=Origin.CUSTOMER, body=text,
        at=now(), state="received",
    )  # fmt: skip
    event = CustomerReplied(
        str(row.organization_id), str(conversation.pk), str(row.contact_id), str(conversation.channel_id), str(message.pk),
        text, now().isoformat(), **values,
    )  # fmt: skip
    publish(event)
    drain()
    return event


def answers() -> list[str]:
    return list(Message.objects.filter(direction=Direction.OUT, origin=Origin.BOT).values_list("body", flat=True))


def test_the_page_tells_file_row_ground_and_who_launched_it(client: Client, sent: Recipient) -> None:
    answer = client.get(f"/porque/{token_of(sent.pk)}/")
    html = answer.content.decode()
    assert answer.status_code == 200
    for fact in ("Acme", "Oi, Bia!", "pacientes 2025.xlsx", "linha 38", "Pacientes", "Ana", "Contrato: são clientes"):
        assert fact in html
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in html


def test_the_page_is_the_way_out(client: Client, sent: Recipient) -> None:
    address = f"/porque/{token_of(sent.pk)}/"
    assert client.get(f"{address}sair/").status_code == 405
    answer = client.post(f"{address}sair/", follow=True)
    assert "Você está fora." in answer.content.decode()
    assert Contact.objects.get().is_opted_out
    client.post(f"{address}sair/")
    assert Contact.objects.get().opt_out_reason


def test_the_way_out_needs_no_cookie_and_no_origin(sent: Recipient) -> None:
    """The page passes no address on, so that browsers name their origin "null"; those inside chats keep no cookies."""
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(f"/porque/{token_of(sent.pk)}/sair/", headers={"Origin": "null"})
    assert answer.status_code == 302
    assert Contact.objects.get().is_opted_out


@pytest.mark.parametrize("change", ["", "x", "lengthen", "swap", "other"])
def test_a_link_that_we_never_made_was_never_there(client: Client, sent: Recipient, change: str) -> None:
    token = token_of(sent.pk)
    broken = {
        "": token[:-1], "x": "x" * 38, "lengthen": token + "A", "swap": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "other": token_of(uuid4()),
    }[change]  # fmt: skip
    assert client.get(f"/porque/{broken}/").status_code == 404
    assert client.post(f"/porque/{broken}/sair/").status_code == 404
    assert not Contact.objects.get().is_opted_out


def test_a_token_names_its_recipient_alone(sent: Recipient) -> None:
    assert recipient_of(token_of(sent.pk)) == sent.pk
    assert recipient_of("") is None
    assert recipient_of("é" * 38) is None


def test_who_was_erased_has_no_page(client: Client, sent: Recipient) -> None:
    anonymise(sent.contact, actor=None)
    assert client.get(f"/porque/{token_of(sent.pk)}/").status_code == 404


def test_what_was_not_said_is_not_invented(client: Client, in_acme: Organization, make_campaign: Any) -> None:
    lifecycle.start(make_campaign(1))
    row = Recipient.objects.get()
    html = client.get(f"/porque/{token_of(row.pk)}/").content.decode()
    assert "anotado pela própria empresa" in html
    assert "A empresa ainda não informou" in html


def test_a_message_can_carry_the_link(in_acme: Organization, make_campaign: Any) -> None:
    lifecycle.start(make_campaign(2, body="Oi, {nome}! {por_que_recebi}"))
    for row in Recipient.objects.all():
        assert row.body == f"Oi, Pessoa! {origin_url(row.pk)}"


def test_the_question_in_the_chat_is_answered_with_the_facts(sent: Recipient) -> None:
    event = ask(sent, "Por que recebi isso? Quem é você?")
    publish(event)
    drain()
    (said,) = answers()
    for fact in ("pacientes 2025.xlsx", "linha 38", "contrato", origin_url(sent.pk), "SAIR"):
        assert fact in said
    assert not ReplyTurn.objects.exists()  # the SDR says nothing on top


@pytest.mark.parametrize(
    "text",
    [
        "pq eu to recebendo isso",
        "porque vcs me mandaram isso?",
        "como vocês conseguiram meu número?",
        "de onde vc tirou meu contato",
        "quem te passou meu telefone?",
        "Onde pegaram o meu WhatsApp",
    ],
)
def test_the_question_has_many_wordings(sent: Recipient, text: str) -> None:
    ask(sent, text)
    assert len(answers()) == 1


@pytest.mark.parametrize(
    "text", ["Por que é tão caro?", "quero meu número de protocolo", "recebi, obrigada!", "como funciona?"]
)
def test_other_questions_are_left_to_the_others(sent: Recipient, text: str) -> None:
    ask(sent, text)
    assert not [one for one in answers() if "/porque/" in one]


def test_a_closed_chat_and_an_old_message_are_left_alone(sent: Recipient) -> None:
    ask(sent, "por que recebi isso?", is_old=True)
    Conversation.objects.update(status=ConversationStatus.CLOSED)
    ask(sent, "por que recebi isso?")
    assert not answers()


def test_where_no_campaign_wrote_the_question_is_the_sdrs(sent: Recipient) -> None:
    Message.objects.filter(origin=Origin.CAMPAIGN).delete()
    ask(sent, "por que recebi isso?")
    assert not [one for one in answers() if "/porque/" in one]


def test_the_import_asks_for_the_ground(
    ana: Membership, login: Any, client: Client, in_acme: Organization, tmp_path: Any
) -> None:
    member = login(ana)
    file = tmp_path / "lista.csv"
    file.write_text("nome;telefone\nBia;11999997777\n")
    with file.open("rb") as handle:
        member.post("/leads/importar/", {"file": handle})
    draft = Import.objects.get()
    address = f"/leads/importar/{draft.pk}/colunas/"
    assert "Consentimento: aceitaram" in member.get(address).content.decode()
    member.post(address, {"column-0": "name", "column-1": "phone", "list_name": "Lista", "legal_basis": "consent"})
    assert Import.objects.get().legal_basis == "consent"


def test_another_organization_sees_nothing_of_it(sent: Recipient, make_organization: Any) -> None:
    with activate_organization(make_organization("Bela Flor").pk):
        assert not Recipient.objects.filter(pk=sent.pk).exists()
