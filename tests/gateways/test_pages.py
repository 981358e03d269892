"""The pages of numbers: what each role sees and may do, in few queries, with every refusal in words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Membership, Role
from core.clock import now
from core.tenancy import activate_organization
from gateways.intake.ingest import store_now
from gateways.intake.receipts import NewReceipt
from gateways.models import Channel, ChannelEvent, ChannelState, MessageStatus, Receipt
from gateways.services.health import check_channels
from tests.gateways.conftest import MakeChannel, Script
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db

Login = Callable[[Any], Client]
HTMX = {"HX-Request": "true"}
WORKING = {"name": "default", "status": "WORKING", "me": {"id": "5511988880000@c.us"}}
WAHA_FORM = {
    "name": "Balcão", "role": "active", "base_url": "http://127.0.0.1:3000", "api_key": "chave-da-api", "session": "default",
    "is_signed": "on",
}  # fmt: skip


def url(name: str, *args: Any) -> str:
    return reverse(f"gateways:{name}", args=args)


def text(answer: Any) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())


def stored(channel: Channel) -> Channel:
    with activate_organization(channel.organization_id):
        return Channel.objects.get(pk=channel.pk)


@pytest.fixture
def receipt(channel: Channel) -> Receipt:
    store_now(
        NewReceipt(channel.organization_id, channel.pk, "k", b'{"event":"x","payload":{"body":"Ol\xc3\xa1 <b>"}}')
    )
    return Receipt.objects.get()


def pages(channel: Channel, receipt: Receipt) -> dict[str, tuple[str, Role]]:
    return {
        "list": (url("channels"), Role.VIEWER),
        "detail": (url("channel", channel.pk), Role.VIEWER),
        "new": (url("channel-new"), Role.ADMIN),
        "new waha": (url("channel-create", "waha"), Role.ADMIN),
        "new simulator": (url("channel-create", "simulator"), Role.ADMIN),
        "connect": (url("channel-connect", channel.pk), Role.ADMIN),
        "edit": (url("channel-edit", channel.pk), Role.ADMIN),
        "access": (url("channel-access", channel.pk), Role.ADMIN),
        "receipts": (url("receipts", channel.pk), Role.ADMIN),
        "receipt": (url("receipt", channel.pk, receipt.pk), Role.ADMIN),
    }


def posts(channel: Channel, receipt: Receipt) -> list[str]:
    names = ("pause", "resume", "test", "disconnect", "remove", "connect", "edit", "access")
    return [
        *(url(f"channel-{name}", channel.pk) for name in names),
        url("simulator-speed", channel.pk),
        url("receipt-replay", channel.pk, receipt.pk),
    ]


def test_every_page_opens_for_its_roles_and_no_other(
    channel: Channel, receipt: Receipt, ana: Membership, bruno: Membership, vera: Membership, login: Login
) -> None:
    for name, (address, minimum) in pages(channel, receipt).items():
        for member in (ana, bruno, vera):
            expected = 200 if Role(member.role).rank >= minimum.rank else 403
            assert login(member).get(address).status_code == expected, (name, member.role)
        assert Client().get(address)["Location"].startswith("/conta/"), name


def test_nothing_is_changed_by_agents_viewers_and_strangers(
    channel: Channel, receipt: Receipt, bruno: Membership, vera: Membership, login: Login
) -> None:
    before = Channel.unscoped.filter(pk=channel.pk).values().get()
    for address in posts(channel, receipt):
        for member in (bruno, vera):
            assert login(member).post(address).status_code == 403, address
        assert Client().post(address).status_code == 302, address
    assert Channel.unscoped.filter(pk=channel.pk).values().get() == before


def test_foreign_numbers_are_as_absent_as_absent_ones(
    channel: Channel, receipt: Receipt, carla: Membership, make_channel: MakeChannel, login: Login
) -> None:
    client = login(carla)
    own = make_channel(carla.organization)
    for name, (address, _minimum) in pages(channel, receipt).items():
        if str(channel.pk) in address:
            assert client.get(address).status_code == 404, name
    for address in posts(channel, receipt):
        assert client.post(address, {"speed": "1"}).status_code == 404, address
    # A receipt of another number under one's own address.
    assert client.get(url("receipt", own.pk, receipt.pk)).status_code == 404
    assert client.post(url("receipt-replay", own.pk, receipt.pk)).status_code == 404
    assert "Recepção" in text(client.get(url("channels")))
    assert str(channel.pk) not in client.get(url("channels")).content.decode()


def test_actions_are_posts_and_pages_are_gets(
    channel: Channel, receipt: Receipt, ana: Membership, login: Login
) -> None:
    client = login(ana)
    for address in posts(channel, receipt):
        if address not in {url(f"channel-{name}", channel.pk) for name in ("connect", "edit", "access")}:
            assert client.get(address).status_code == 405, address
    for name in ("channels", "channel-new"):
        assert client.post(url(name)).status_code == 405


def test_the_list_costs_the_same_for_one_number_and_for_twenty(
    make_channel: MakeChannel, ana: Membership, login: Login, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    client = login(ana)
    for number in range(20):
        channel = make_channel(name=f"Número {number}", state=ChannelState.CONNECTED, connected_at=now())
        MessageStatus.objects.create(
            organization_id=channel.organization_id, channel=channel, external_id="x", state="read"
        )
    client.get(url("channels"))
    with django_assert_max_num_queries(16):
        assert len(BeautifulSoup(client.get(url("channels")).content, "html.parser").select(".number-card")) == 20


def test_a_card_shows_state_cap_and_evidence(make_channel: MakeChannel, ana: Membership, login: Login) -> None:
    at = now()
    channel = make_channel(
        name="Loja", phone="+5511988880000", state=ChannelState.CONNECTED, connected_at=at - timedelta(days=60), sent_today=492,
        last_ack_at=at, quiet_start="00:00", quiet_end="00:00",
    )  # fmt: skip
    Channel.unscoped.update(sent_on=timezone_today(channel))
    for number, state in enumerate(["read", "delivered", "sent", "failed"]):
        MessageStatus.objects.create(
            organization_id=channel.organization_id, channel=channel, external_id=f"{number}", state=state
        )
    found = text(login(ana).get(url("channels")))
    for words in (
        "Loja",
        "(11) 98888-0000",
        "Ativo",
        "492 de 600",
        "Entregues em 24 h 50,0%",
        "Livre para enviar",
        "já enviou 492 das 600",
    ):
        assert words in found, words


def timezone_today(channel: Channel) -> Any:
    return now().astimezone(ZoneInfo(channel.organization.timezone)).date()


STATES = {
    "qr_required": ("Esperando o QR", "leia o código"),
    "connecting": ("Conectando", ""),
    "disconnected": ("Desconectado", "Continuamos tentando"),
    "restricted": ("Em descanso", "metade do ritmo"),
    "paused": ("Pausado", ""),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_said_in_words(make_channel: MakeChannel, ana: Membership, login: Login, state: str) -> None:
    channel = make_channel(state=state, state_at=now(), restricted_until=now() + timedelta(hours=24))
    client = login(ana)
    badge, sentence = STATES[state]
    assert badge in text(client.get(url("channels")))
    detail = text(client.get(url("channel", channel.pk)))
    assert badge in detail
    assert sentence in detail
    alert = client.get(url("channels")).content.decode()
    assert ("um número precisa de atenção" in alert) is (state in {"qr_required", "disconnected", "restricted"})


def test_a_fragment_is_only_what_changes(channel: Channel, ana: Membership, login: Login) -> None:
    client = login(ana)
    for address, element in (
        (url("channels"), "numbers"),
        (url("channel", channel.pk), "state"),
        (url("channel-connect", channel.pk), "scan"),
    ):
        answer = client.get(address, headers=HTMX)
        assert b"<html" not in answer.content
        assert BeautifulSoup(answer.content, "html.parser").find(id=element) is not None
        assert "HX-Request" in answer["Vary"]


def test_connecting_from_the_choice_to_the_number_in(ana: Membership, login: Login, server: Script) -> None:
    server.json("/api/sessions", {"name": "default", "status": "STARTING"}, status=201)
    server.json("/api/sessions/default", {"name": "default", "status": "SCAN_QR_CODE"}, WORKING)
    server.json("/api/default/auth/qr", {"value": "2@codigo"})
    client = login(ana)
    assert url("channel-create", "waha") in client.get(url("channel-new")).content.decode()
    answer = client.post(url("channel-create", "waha"), WAHA_FORM)
    channel = Channel.unscoped.get(name="Balcão")
    assert answer["Location"] == url("channel-connect", channel.pk)
    assert "Conectando" in text(client.get(answer["Location"]))
    drain()
    page = BeautifulSoup(client.get(answer["Location"]).content, "html.parser")
    assert page.select_one("svg.qr path")["d"].startswith("M")
    assert page.find(id="scan")["hx-get"] == answer["Location"]
    Channel.unscoped.update(next_check_at=None)
    check_channels()
    drain()
    fragment = client.get(answer["Location"], headers=HTMX)
    assert "Balcão está conectado" in text(fragment)
    assert "hx-get" not in BeautifulSoup(fragment.content, "html.parser").find(id="scan").attrs
    assert stored(channel).config["hmac_key"]
    assert stored(channel).phone == "+5511988880000"


def test_a_server_that_ignores_the_key_is_named_where_it_is_connected(
    make_channel: MakeChannel, ana: Membership, login: Login
) -> None:
    for state in ("qr_required", "connected"):
        channel = make_channel(name=state, state=state, warning="key_ignored")
        for address in (url("channel-connect", channel.pk), url("channel", channel.pk)):
            assert "WAHA_API_KEY" in text(login(ana).get(address))


def test_a_new_simulator_is_ready_at_once(ana: Membership, login: Login) -> None:
    answer = login(ana).post(
        url("channel-create", "simulator"), {"name": "Ensaio", "role": "active", "speed": "60", "replies": "on"}
    )
    channel = Channel.unscoped.get(name="Ensaio")
    assert answer["Location"] == url("channel-connect", channel.pk)
    assert (channel.state, stored(channel).config["speed"]) == ("connected", 60.0)


@pytest.mark.parametrize(("change", "field", "words"), [
    ({"base_url": "http://169.254.169.254/"}, "base_url", "Este endereço não pode ser usado"),
    ({"base_url": "ftp://x"}, "base_url", "http"),
    ({"base_url": ""}, "base_url", "obrigatório"),
    ({"session": "a b"}, "session", "Só letras"),
    ({"name": ""}, "name", "obrigatório"),
    ({"role": "king"}, "role", ""),
])  # fmt: skip
def test_a_wrong_form_is_shown_again_with_the_reason(
    ana: Membership, login: Login, server: Script, change: dict[str, str], field: str, words: str
) -> None:
    answer = login(ana).post(url("channel-create", "waha"), WAHA_FORM | change)
    assert answer.status_code == 422
    error = BeautifulSoup(answer.content, "html.parser").find(id=f"id_{field}-error")
    assert error is not None
    assert words in error.get_text()
    assert not Channel.unscoped.exists()


def test_an_unknown_provider_is_not_found(ana: Membership, login: Login) -> None:
    assert login(ana).get(url("channel-create", "fax")).status_code == 404


def test_the_key_is_kept_when_left_empty_and_never_shown(
    channel: Channel, ana: Membership, login: Login, server: Script
) -> None:
    server.json("/api/sessions", WORKING, status=201).json("/api/sessions/default", WORKING)
    client = login(ana)
    assert "chave-da-api" not in client.get(url("channel-access", channel.pk)).content.decode()
    key = channel.config["hmac_key"]
    assert key not in client.get(url("channel-access", channel.pk)).content.decode()
    form = WAHA_FORM | {"api_key": "", "session": "loja"}
    assert client.post(url("channel-access", channel.pk), form).status_code == 302
    config = stored(channel).config
    assert (config["api_key"], config["session"], config["hmac_key"]) == ("chave-da-api", "loja", key)
    del form["is_signed"]
    client.post(url("channel-access", channel.pk), form)
    assert stored(channel).config["hmac_key"] == ""


EDIT = {"name": "Balcão", "role": "standby", "warm_up": "on"}


def test_the_pace_is_changed_with_the_floor_in_words(channel: Channel, ana: Membership, login: Login) -> None:
    client, address = login(ana), url("channel-edit", channel.pk)
    assert client.post(address, EDIT | {"min_gap": "0.5", "max_gap": "2", "daily_limit": "90"}).status_code == 302
    found = stored(channel)
    assert (found.name, found.role, found.min_gap_ms, found.max_gap_ms, found.daily_limit) == (
        "Balcão",
        "standby",
        500,
        2_000,
        90,
    )
    assert found.quiet_start == found.quiet_end
    refused = client.post(address, EDIT | {"min_gap": "0.4"})
    assert refused.status_code == 422
    assert "500 milissegundos" in text(refused)
    assert stored(channel).min_gap_ms == 500
    crossed = client.post(address, EDIT | {"min_gap": "9", "max_gap": "1"})
    assert crossed.status_code == 422
    hours = {"has_quiet_hours": "on", "quiet_start": "21:00", "quiet_end": "07:30"}
    assert client.post(address, EDIT | hours).status_code == 302
    assert (f"{stored(channel).quiet_start:%H:%M}", stored(channel).min_gap_ms) == ("21:00", None)
    assert client.post(address, EDIT | {"has_quiet_hours": "on"}).status_code == 422


def test_the_form_of_the_pace_shows_what_holds(channel: Channel, ana: Membership, login: Login) -> None:
    page = BeautifulSoup(login(ana).get(url("channel-edit", channel.pk)).content, "html.parser")
    assert page.find(id="id_has_quiet_hours").has_attr("checked")
    assert (page.find(id="id_quiet_start")["value"], page.find(id="id_min_gap").get("value")) == ("22:00", None)
    assert "500 milissegundos" in page.get_text()


def test_pausing_resuming_and_removing_by_hand(channel: Channel, ana: Membership, login: Login, server: Script) -> None:
    server.json("/api/sessions", WORKING, status=201).json("/api/sessions/default", WORKING)
    client = login(ana)
    assert client.post(url("channel-pause", channel.pk))["Location"] == url("channels")
    assert stored(channel).state == ChannelState.PAUSED
    client.post(url("channel-resume", channel.pk))
    drain()
    assert stored(channel).state == ChannelState.CONNECTED
    page = client.get(url("channel", channel.pk)).content.decode()
    assert 'commandfor="remove"' in page
    client.post(url("channel-remove", channel.pk))
    assert client.get(url("channel", channel.pk)).status_code == 404
    with activate_organization(channel.organization_id):
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"channel.paused", "channel.resumed", "channel.removed"} <= actions


def test_a_test_message_says_what_came_of_it(channel: Channel, ana: Membership, login: Login, server: Script) -> None:
    server.json(
        "/api/contacts/check-exists", {"numberExists": True, "chatId": "5511999998888@c.us"}, {"numberExists": False}
    )
    server.json("/api/sendText", {"id": "true_5511999998888@c.us_ABC"}, status=201)
    client, address = login(ana), url("channel-test", channel.pk)
    sent = client.post(address, {"phone": "11 99999-8888", "text": "oi"}, follow=True)
    assert "Enviada" in text(sent)
    assert "não tem WhatsApp" in text(client.post(address, {"phone": "11 99999-7777", "text": "oi"}, follow=True))
    assert "Diga para qual telefone" in text(client.post(address, {"phone": ""}, follow=True))
    wrong = text(client.post(address, {"phone": "99", "text": "oi"}, follow=True))
    assert "Enviada" not in wrong
    with activate_organization(channel.organization_id):
        assert ChannelEvent.objects.filter(kind="test").count() == 2


def test_tests_are_few_per_minute(channel: Channel, ana: Membership, login: Login, server: Script) -> None:
    server.json("/api/contacts/check-exists", {"numberExists": True, "chatId": "5511999998888@c.us"})
    server.json("/api/sendText", {"id": "true_5511999998888@c.us_ABC"}, status=201)
    client = login(ana)
    for _ in range(40):  # on a slow machine the minute goes by meanwhile
        answer = client.post(url("channel-test", channel.pk), {"phone": "11 99999-8888", "text": "oi"}, follow=True)
        if "Cinco testes por minuto" in text(answer):
            break
    assert "Cinco testes por minuto" in text(answer)
    sent = [call for call in server.calls if call.url.endswith("/sendText")]
    assert 5 <= len(sent) < 40, "what is above the rate leaves nothing"


def test_the_speed_of_the_simulator(make_channel: MakeChannel, ana: Membership, login: Login, channel: Channel) -> None:
    simulator = make_channel(provider="simulator", state=ChannelState.CONNECTED)
    client = login(ana)
    client.post(url("simulator-speed", simulator.pk), {"speed": "60"})
    assert stored(simulator).config["speed"] == 60
    for speed in ("0", "nan", "1e9", "", "rapido"):
        client.post(url("simulator-speed", simulator.pk), {"speed": speed})
    assert stored(simulator).config["speed"] == 60
    client.post(url("simulator-speed", channel.pk), {"speed": "60"})
    assert "speed" not in stored(channel).config


def test_receipts_are_shown_raw_escaped_and_read_again(
    channel: Channel, receipt: Receipt, ana: Membership, login: Login
) -> None:
    client = login(ana)
    drain()
    assert "ignorado" in text(client.get(url("receipts", channel.pk))).lower()
    assert (
        len(
            BeautifulSoup(client.get(url("receipts", channel.pk) + "?estado=failed").content, "html.parser").select(
                "tbody tr"
            )
        )
        == 0
    )
    page = client.get(url("receipt", channel.pk, receipt.pk))
    assert "Olá <b>" in BeautifulSoup(page.content, "html.parser").find("pre").get_text()
    answer = client.post(url("receipt-replay", channel.pk, receipt.pk))
    assert answer["Location"] == url("receipt", channel.pk, receipt.pk)
    receipt.refresh_from_db()
    assert (receipt.state, receipt.attempts) == ("pending", 0)
    drain()
    receipt.refresh_from_db()
    assert (receipt.state, receipt.attempts) == ("ignored", 1)


def test_the_list_of_receipts_goes_page_by_page_without_bodies(
    channel: Channel, ana: Membership, login: Login, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(60):
        store_now(NewReceipt(channel.organization_id, channel.pk, f"k{number}", b"{}"))
    client = login(ana)
    client.get(url("receipts", channel.pk))
    with django_assert_max_num_queries(12):
        first = BeautifulSoup(client.get(url("receipts", channel.pk)).content, "html.parser")
    assert len(first.select("tbody tr")) == 50
    rest = client.get(url("receipts", channel.pk) + first.select_one(".pagination a")["href"])
    assert len(BeautifulSoup(rest.content, "html.parser").select("tbody tr")) == 10
    assert client.get(url("receipts", channel.pk) + "?cursor=abc").status_code == 400


def test_the_admin_shows_and_changes_nothing(channel: Channel, receipt: Receipt, davi: Any, login: Login) -> None:
    client = login(davi)
    for model, pk in (("channel", channel.pk), ("receipt", receipt.pk)):
        assert client.get(reverse(f"admin:gateways_{model}_changelist")).status_code == 200
        page = client.get(reverse(f"admin:gateways_{model}_change", args=[pk]))
        assert page.status_code == 200
        assert channel.hook_token not in page.content.decode()
        assert client.post(reverse(f"admin:gateways_{model}_change", args=[pk]), {"name": "x"}).status_code == 403
        assert client.post(reverse(f"admin:gateways_{model}_delete", args=[pk])).status_code == 403
    drain()
    client.post(reverse("admin:gateways_receipt_changelist"), {"action": "replay", "_selected_action": [receipt.pk]})
    receipt.refresh_from_db()
    assert receipt.state == "pending"
