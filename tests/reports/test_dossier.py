"""The dossier of a contact: everything that is known, of this person alone, for who may ask for it."""

import io
import json
import re
import zipfile
from typing import Any

import pytest

from accounts.models import AuditEntry, Membership, Organization
from bookings.charges.models import ChargeLink
from campaigns.models import Recipient
from campaigns.services import lifecycle
from conversations.models import Attachment, Conversation, Direction, Message, Origin
from core.clock import now
from core.tenancy import activate_organization
from core.uploads import check_upload, store_upload
from leads.models import Contact, Import, ListMembership
from leads.services.consent import opt_out
from sdr.models import Qualification
from tests.billing.charging import pix_charge
from tests.campaigns.conftest import make_campaign, make_channel, make_contact, make_list
from tests.core.media import image

__all__ = ["make_campaign", "make_channel", "make_contact", "make_list"]

pytestmark = pytest.mark.django_db
PNG = image("PNG")


@pytest.fixture
def bia(in_acme: Organization, ana: Membership, make_list: Any, make_campaign: Any, make_contact: Any) -> Contact:
    """Somebody of whom every app knows something, beside somebody of whom nothing may slip in."""
    brought = Import.objects.create(
        list_name="Março", filename="março.csv", stored_path="x", legal_basis="consent", created_by=ana
    )
    contact: Contact = make_contact(1, "Bia Prado", email="bia@example.com", attributes={"plano": "Ouro"}, tags=["vip"])
    other = make_contact(2, "Outra Pessoa")
    chosen = make_list(contacts=[contact, other])
    ListMembership.objects.filter(contact=contact).update(import_id=brought.pk, row_number=12)
    campaign = lifecycle.start(make_campaign(lists=[chosen], body="Oi, {nome}! {saudacao}"))
    channel = campaign.channels.get()
    for one, text in ((contact, "quero clarear os dentes"), (other, "segredo da outra")):
        chat = Conversation.objects.create(contact=one, channel=channel)
        said = Message.objects.create(
            conversation=chat,
            channel=channel,
            direction=Direction.IN,
            origin=Origin.CUSTOMER,
            body=text,
            at=now(),
            state="received",
        )
        Message.objects.create(
            conversation=chat,
            channel=channel,
            direction=Direction.NOTE,
            origin=Origin.HUMAN,
            body="nota interna",
            at=now(),
        )
        upload = check_upload(PNG, filename="../../dente.png")
        Attachment.objects.create(
            message=said,
            kind="image",
            filename="dente.png",
            path=store_upload(in_acme.pk, upload),
            size=len(upload.data),
        )
    Qualification.objects.create(
        contact=contact,
        score=70,
        temperature="morno",
        breakdown=[{"criterion": "interest", "points": 30, "reason": "clarear"}],
    )
    ChargeLink.objects.create(charge=pix_charge(), contact=contact)
    opt_out(contact.pk, reason="chega", at=now())
    return contact


def opened(answer: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def test_it_holds_all_that_every_app_knows(bia: Contact, ana: Membership, login: Any) -> None:
    answer = login(ana).post(f"/inicio/contatos/{bia.pk}/dossie.zip")
    assert answer["Content-Disposition"] == 'attachment; filename="dossie-bia-prado.zip"'
    files = opened(answer)
    page, plain = files["dossie.html"].decode(), json.loads(files["dossie.json"])
    for fact in (
        "Bia Prado", "bia@example.com", "Ouro", "vip", "março.csv", "12", "Consentimento", "Ana", "Oi, Bia! {saudacao}",
        "quero clarear os dentes", "clarear", "70", "R$ 49,90", "chega", "dente.png",
    ):  # fmt: skip
        assert fact.lower() in page.lower(), fact
    assert plain["sections"]["Conversas"][0]["Mensagem"] == "quero clarear os dentes"
    (file,) = [name for name in files if name.startswith("arquivos/")]
    assert files[file] == PNG
    assert file in page
    assert AuditEntry.objects.filter(action="contact.dossier", target=str(bia.pk), actor=ana).exists()


def test_the_page_is_in_the_words_of_the_reader(bia: Contact, ana: Membership, login: Any) -> None:
    page = opened(login(ana).post(f"/inicio/contatos/{bia.pk}/dossie.zip"))["dossie.html"].decode()
    assert "Exportou o dossiê de um contato" in page and "<table" in page
    assert not re.search(r"contact\.dossier|>(urgency|interest|knowledge|location|engagement|import)<", page)


def test_it_holds_nothing_of_others_and_no_notes_of_the_team(bia: Contact, ana: Membership, login: Any) -> None:
    page = opened(login(ana).post(f"/inicio/contatos/{bia.pk}/dossie.zip"))["dossie.html"].decode()
    assert "segredo da outra" not in page
    assert "Outra Pessoa" not in page
    assert "nota interna" not in page


def test_of_somebody_unknown_little_is_said(
    in_acme: Organization, ana: Membership, login: Any, make_contact: Any
) -> None:
    contact = make_contact(9, "<b>Zé</b>")
    page = opened(login(ana).post(f"/inicio/contatos/{contact.pk}/dossie.zip"))["dossie.html"].decode()
    assert "&lt;b&gt;Zé&lt;/b&gt;" in page
    assert page.count("Nada.") == 7


def test_only_who_manages_may_ask_and_only_of_the_own_people(
    bia: Contact, bruno: Membership, ana: Membership, carla: Membership, login: Any
) -> None:
    address = f"/inicio/contatos/{bia.pk}/dossie.zip"
    assert login(bruno).post(address).status_code == 403
    assert login(carla).post(address).status_code == 404
    assert login(ana).get(address).status_code == 405
    with activate_organization(carla.organization_id):
        assert not Recipient.objects.exists()
