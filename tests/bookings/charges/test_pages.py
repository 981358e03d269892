"""The pages of charges."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Membership, Organization
from billing.charges.confirming import confirm_by_hand
from billing.models import Charge, ChargeState
from bookings.charges.models import ChargeLink
from bookings.charges.services import Occasion, ask_payment
from conversations.models import Conversation, Message
from conversations.services.threads import current_conversation
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.models import Contact
from leads.services.erasure import anonymise
from tests.billing.charging import again, connect_pix, connect_stripe, draft
from tests.bookings.charges.collecting import receipts_written, time_passes
from tests.support.fake_stripe import FakeStripe
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Ask = Callable[..., Charge]
Login = Callable[..., Client]


def typed(**changes: Any) -> dict[str, Any]:
    day = timezone.localdate() + timedelta(days=5)
    values = {
        "amount": "R$ 180,00", "description": "Limpeza", "method": "pix_static", "expires_on": day.isoformat(),
        "name": "Rita Prado", "phone": "(11) 98888-7777", "email": "rita@example.com", "document": "",
    }  # fmt: skip
    return values | changes


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def chat(rita: Contact, simulator: Channel) -> Conversation:
    return current_conversation(rita.pk, simulator.pk)


# ---- The list


def test_the_list_shows_states_and_sums(ana: Membership, login: Login, ask_pix: Ask) -> None:
    paid, expired = ask_pix(amount_cents=10_000), ask_pix(amount_cents=700)
    ask_pix(amount_cents=25_050)
    confirm_by_hand(paid.pk, actor=ana)
    Charge.objects.filter(pk=expired.pk).update(state=ChargeState.EXPIRED)
    page = text(login(ana).get(reverse("charges:list")))
    assert "R$ 250,50" in page and "R$ 100,00" in page and "R$ 7,00" in page
    assert "em aberto" in page and "paga" in page and "vencida" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("estado=paga", ["Paga"]), ("estado=aberta", ["Aberta"]), ("forma=card_link", []), ("q=rita+paga", ["Paga"]),
        ("q=ninguem", []), ("ate=2020-01-01", []), ("de=2020-01-01", ["Aberta", "Paga"]), ("estado=x&forma=y&de=z", ["Aberta", "Paga"]),
        ("de=0001-01-01&ate=9999-12-31", ["Aberta", "Paga"]), ("cursor=x", ["Aberta", "Paga"]), ("estado=atencao", []), ("periodo=hoje", ["Aberta", "Paga"]),
        ("periodo=7dias", ["Aberta", "Paga"]), ("periodo=mes", ["Aberta", "Paga"]), ("periodo=ano", ["Aberta", "Paga"]),
        ("periodo=mes-passado", []), ("periodo=x", ["Aberta", "Paga"]),
    ],
)  # fmt: skip
def test_filters_narrow_the_list(ana: Membership, login: Login, ask_pix: Ask, query: str, found: list[str]) -> None:
    confirm_by_hand(ask_pix(name="Rita", description="Paga").pk, actor=ana)
    ask_pix(name="Rita", description="Aberta")
    page = text(login(ana).get(reverse("charges:list") + "?" + query))
    assert [name for name in ("Aberta", "Paga") if f">{name}</td>" in page] == found


def test_a_fragment_is_sent_to_htmx(ana: Membership, login: Login, ask_pix: Ask) -> None:
    ask_pix()
    headers = {"HX-Request": "true", "HX-Target": "results"}
    page = text(login(ana).get(reverse("charges:list"), headers=headers))
    assert page.strip().startswith('<div id="results"') and "<html" not in page


def test_an_empty_list_says_what_to_do(ana: Membership, bruno: Membership, login: Login) -> None:
    assert reverse("billing:payments") in text(login(ana).get(reverse("charges:list")))
    with activate_organization(ana.organization_id):
        connect_pix()
    assert reverse("charges:create") in text(login(bruno).get(reverse("charges:list")))


def test_the_list_asks_the_database_the_same_for_any_number(ana: Membership, login: Login, ask_pix: Ask) -> None:
    client = login(ana)
    counts = []
    for _time in range(2):
        for _number in range(4):
            ask_pix()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(reverse("charges:list"))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 25


def test_pages_go_on_after_thirty(ana: Membership, login: Login, ask_pix: Ask) -> None:
    for number in range(31):
        ask_pix(description=f"N{number}-")
    first = text(login(ana).get(reverse("charges:list")))
    assert ">N30-</td>" in first and ">N0-</td>" not in first and "cursor=" in first


@pytest.mark.parametrize(("name", "kind"), [("charges:csv", "text/csv"), ("charges:xlsx", "spreadsheetml")])
def test_what_the_filters_leave_is_exported(ana: Membership, login: Login, ask_pix: Ask, name: str, kind: str) -> None:
    ask_pix(name="=HYPERLINK(1)")
    answer = login(ana).get(reverse(name) + "?q=hyperlink")
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert kind in answer.headers["Content-Type"] and body
    if name == "charges:csv":
        assert b"'=HYPERLINK(1)" in body and b";49,90;" in body
    assert AuditEntry.objects.filter(action="charges.exported").count() == 1


# ---- Asking


def test_a_charge_is_made_from_a_contact_and_its_link_sent(
    bruno: Membership, login: Login, rita: Contact, chat: Conversation, in_acme: Organization
) -> None:
    connect_pix()
    client, address = login(bruno), reverse("charges:create") + f"?contato={rita.pk}"
    assert 'value="Rita Prado"' in text(client.get(address))
    answer = client.post(address, typed(send="on", once="k1"))
    charge = Charge.objects.get()
    assert answer.headers["Location"] == reverse("charges:charge", args=[charge.pk])
    assert client.post(address, typed(send="on", once="k1")).headers["Location"] == answer.headers["Location"]
    assert (charge.amount_cents, charge.link.contact_id, charge.created_by) == (18_000, rita.pk, bruno)
    assert timezone.localtime(charge.expires_at).strftime("%H:%M:%S") == "23:59:59"
    [message] = Message.objects.filter(direction="out")
    assert charge.public_token in message.body and message.author == bruno and message.conversation == chat


def test_a_charge_is_made_from_a_booking_with_its_price(
    ana: Membership, login: Login, make_booking: Any, in_acme: Organization
) -> None:
    connect_pix()
    booking = make_booking()
    address = reverse("charges:create") + f"?reserva={booking.pk}"
    page = text(login(ana).get(address))
    assert "R$ 180,00" in page and 'value="Limpeza"' in page
    login(ana).post(address, typed())
    assert ChargeLink.objects.get().booking_id == booking.pk
    shown = text(login(ana).get(reverse("bookings:booking", args=[booking.pk])))
    assert "R$ 180,00" in shown and reverse("charges:charge", args=[Charge.objects.get().pk]) in shown


def test_a_charge_is_made_from_a_chat_and_shown_beside_it(
    ana: Membership, login: Login, chat: Conversation, rita: Contact
) -> None:
    connect_pix()
    client = login(ana)
    beside = text(client.get(reverse("conversations:conversation", args=[chat.pk])))
    address = reverse("charges:create") + f"?conversa={chat.pk}"
    assert address in beside
    client.post(address, typed())
    charge = Charge.objects.get()
    assert (charge.link.conversation_id, charge.link.contact_id) == (chat.pk, rita.pk)
    door = reverse("charges:charge", args=[charge.pk])
    assert door in text(client.get(reverse("conversations:conversation", args=[chat.pk])))
    assert door in text(client.get(reverse("leads:contact", args=[rita.pk])))


def test_out_of_nothing_there_is_no_chat_to_send_to(ana: Membership, login: Login, in_acme: Organization) -> None:
    connect_pix()
    page = text(login(ana).get(reverse("charges:create")))
    assert 'name="send"' not in page
    login(ana).post(reverse("charges:create"), typed(send="on"))
    assert Charge.objects.count() == 1 and not receipts_written()


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "0"}, {"amount": "abc"}, {"amount": "9.999.999,99"}, {"description": " "}, {"method": "card_link"},
        {"method": ""}, {"expires_on": "2020-01-01"}, {"expires_on": "9999-12-31"}, {"expires_on": "x"}, {"name": ""},
        {"phone": "12"}, {"email": "x"}, {"document": "123"}, {"name": "x" * 200},
    ],
)  # fmt: skip
def test_what_cannot_be_charged_is_refused_beside_its_field(
    ana: Membership, login: Login, in_acme: Organization, change: dict[str, str]
) -> None:
    connect_pix()
    answer = login(ana).post(reverse("charges:create"), typed(**change))
    assert answer.status_code == 422 and "field-error" in text(answer)
    assert (not Charge.objects.exists() and f'value="{typed()["email"]}"' in text(answer)) or "email" in change


def test_without_any_way_to_be_paid_the_form_leads_to_the_settings(
    ana: Membership, bruno: Membership, login: Login
) -> None:
    address = reverse("charges:create")
    assert reverse("billing:payments") in text(login(ana).get(address))
    assert reverse("billing:payments") not in text(login(bruno).get(address))
    assert login(bruno).post(address, typed()).status_code == 422


# ---- One charge


def test_the_page_shows_link_code_and_process(ana: Membership, login: Login, ask_pix: Ask, rita: Contact) -> None:
    charge = ask_pix()
    page = text(login(ana).get(reverse("charges:charge", args=[charge.pk])))
    for shown in (charge.public_token, charge.pix_code, 'class="qr"', "529.982.247-25", "R$ 49,90", "/processos/"):
        assert shown in page
    assert reverse("leads:contact", args=[rita.pk]) in page


def test_a_hand_confirms_and_the_page_says_by_whom(
    bruno: Membership, login: Login, ask_pix: Ask, simulator: Channel
) -> None:
    charge, client = ask_pix(), login(bruno)
    assert client.post(reverse("charges:confirm", args=[charge.pk])).status_code == 302
    drain()
    page = text(client.get(reverse("charges:charge", args=[charge.pk])))
    assert "confirmada por Bruno" in page and "Recibo pelo WhatsApp" in page and "Recibo por e-mail" in page
    assert again(charge).confirmed_by == bruno and 'class="qr"' not in page


def test_an_open_charge_is_withdrawn_once(bruno: Membership, login: Login, ask_pix: Ask) -> None:
    charge, client = ask_pix(), login(bruno)
    address = reverse("charges:cancel", args=[charge.pk])
    client.post(address)
    assert again(charge).state == ChargeState.CANCELLED
    assert "Só uma cobrança aberta pode ser cancelada." in text(client.post(address, follow=True))


def test_money_is_sent_back_by_administrators_alone(
    ana: Membership, bruno: Membership, login: Login, ask_pix: Ask
) -> None:
    charge = ask_pix()
    confirm_by_hand(charge.pk, actor=ana)
    drain()
    refund, back = (reverse(f"charges:{name}", args=[charge.pk]) for name in ("refund", "sent-back"))
    assert login(bruno).post(refund).status_code == login(bruno).post(back).status_code == 403
    login(ana).post(refund)
    time_passes()
    page = text(login(ana).get(reverse("charges:charge", args=[charge.pk])))
    assert "no app do seu banco" in page and back in page
    login(ana).post(back)
    drain()
    assert again(charge).state == ChargeState.REFUNDED


def test_the_link_is_sent_again_when_asked(bruno: Membership, login: Login, ask_pix: Ask, chat: Conversation) -> None:
    charge, client = ask_pix(), login(bruno)
    for key in ("a", "a", "b"):
        client.post(reverse("charges:send", args=[charge.pk]), {"once": key})
    assert len(receipts_written()) == 2


def test_without_a_number_the_link_cannot_be_sent_and_that_is_said(
    bruno: Membership, login: Login, ask_pix: Ask
) -> None:
    charge = ask_pix()
    answer = login(bruno).post(reverse("charges:send", args=[charge.pk]), {"once": "a"}, follow=True)
    assert "Copie o link" in text(answer)


def test_stripe_says_by_itself_when_a_card_is_paid(
    bruno: Membership, login: Login, ask_card: Ask, stripe_server: FakeStripe
) -> None:
    charge, client = ask_card(), login(bruno)
    drain()
    answer = client.post(reverse("charges:confirm", args=[charge.pk]), follow=True)
    assert "A Stripe avisa sozinha" in text(answer) or "Stripe" in text(answer)
    assert again(charge).state == ChargeState.OPEN


# ---- Who may


def test_viewers_look_and_change_nothing(vera: Membership, login: Login, ask_pix: Ask, rita: Contact) -> None:
    charge, client = ask_pix(), login(vera)
    page = text(client.get(reverse("charges:charge", args=[charge.pk]))) + text(client.get(reverse("charges:list")))
    assert charge.payer_name in page and "/confirmar/" not in page and "/nova/" not in page
    assert client.get(reverse("charges:create")).status_code == 403
    for name in ("send", "confirm", "cancel", "refund", "sent-back"):
        assert client.post(reverse(f"charges:{name}", args=[charge.pk])).status_code == 403
    assert again(charge).state == ChargeState.OPEN


def test_another_business_sees_nothing(carla: Membership, login: Login, ask_pix: Ask, rita: Contact) -> None:
    charge, client = ask_pix(), login(carla)
    assert client.get(reverse("charges:charge", args=[charge.pk])).status_code == 404
    assert charge.payer_name not in text(client.get(reverse("charges:list")))
    for name in ("send", "confirm", "cancel", "refund", "sent-back"):
        assert client.post(reverse(f"charges:{name}", args=[charge.pk])).status_code == 404
    for name in ("contato", "reserva", "conversa"):
        assert client.get(reverse("charges:create") + f"?{name}={rita.pk}").status_code == 404
    assert Client().get(reverse("charges:list")).status_code == 302
    assert client.get(reverse("charges:confirm", args=[charge.pk])).status_code == 405


# ---- Afterwards


def test_the_contacts_history_tells_of_the_money(ana: Membership, login: Login, ask_pix: Ask, rita: Contact) -> None:
    charge = ask_pix()
    for _time in range(2):
        confirm_by_hand(charge.pk, actor=ana)
        drain()
    assert list(rita.timeline.values_list("title", flat=True)) == ["Pagou R$ 49,90"]


def test_an_erased_person_is_forgotten_where_nothing_was_paid(
    ana: Membership, login: Login, ask_pix: Ask, rita: Contact
) -> None:
    never, paid = ask_pix(), ask_pix()
    confirm_by_hand(paid.pk, actor=ana)
    drain()
    anonymise(rita, actor=ana)
    drain()
    assert (again(never).payer_name, again(never).payer_document, again(never).payer_phone) == ("", "", "")
    assert (again(paid).payer_name, again(paid).payer_document, again(paid).payer_email) == (
        "Bia Prado",
        "52998224725",
        "",
    )
    assert "Pessoa apagada" in text(login(ana).get(reverse("charges:list")))


def test_a_charge_without_link_has_its_page(ana: Membership, login: Login, in_acme: Organization) -> None:
    connect_stripe()
    charge = ask_payment(draft(method="card_link", phone="", email="", document=""), Occasion(), actor=None)
    ChargeLink.objects.all().delete()
    assert login(ana).get(reverse("charges:charge", args=[charge.pk])).status_code == 200


def test_the_database_ties_no_charge_to_another_business(ask_pix: Ask, make_organization: Any, rita: Contact) -> None:
    with activate_organization(make_organization("Outra").pk):
        foreign = Contact.objects.create(name="Fora", phone="+5511900000001", phone_key="+5511900000001")
    charge = ask_pix()
    with pytest.raises(IntegrityError, match="_org_fk"), connection.cursor() as cursor:
        ChargeLink.objects.filter(charge=charge).update(contact_id=foreign.pk)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
