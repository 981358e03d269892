"""The bell: what happened is told once to everybody who looks, as a toast where a page is open."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.urls import reverse

from accounts.models import Membership, Organization
from core.clock import now
from gateways.contract import TemplateUpdate
from gateways.models import Channel, ChannelEvent, ChannelRole, ChannelState, MessageTemplate, TemplateStatus
from gateways.official.services import update_status
from gateways.pool.guard import look_after
from gateways.pool.notices import notices, notices_after
from gateways.pool.rotation import rotate
from gateways.services.states import mark_state
from tests.gateways.conftest import MakeChannel
from tests.support.jobs import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
LONG_AGO = timedelta(days=30)


def told() -> list[tuple[str, str, str]]:
    return [(one.told.tone, one.told.title, one.told.text) for one in notices(now() - LONG_AGO)]


def template(channel: Channel, **values: Any) -> MessageTemplate:
    made: MessageTemplate = MessageTemplate.objects.create(
        channel=channel, name="lembrete", body="Oi {{1}}", **({"status": "pending", "external_id": "7"} | values)
    )
    return made


def decide(channel: Channel, status: str, reason: str = "") -> None:
    update_status(channel, TemplateUpdate("7", "lembrete", "pt_BR", status, reason))
    drain()


def test_a_ban_is_told_with_who_stands_in(main: Channel, reserve: Channel) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban")
    drain()
    assert told() == [
        ("danger", "Recepção foi restringido pelo WhatsApp", "Reserva assumiu o lugar dele; nada se perdeu.")
    ]


def test_a_planned_rotation_is_told_and_nobody_is_mailed(
    number: MakeChannel, ana: Membership, inside: Organization
) -> None:
    tired, rested = number("Cansado"), number("Descansado", ChannelRole.WARMING)
    Channel.objects.filter(pk=tired.pk).update(role_since=now() - timedelta(days=15))
    Channel.objects.filter(pk=rested.pk).update(role_since=now() - timedelta(days=8))
    mail.outbox.clear()
    rotate(inside.pk)
    drain()
    assert told() == [(
        "info", "Rodízio planejado: Cansado descansa agora",
        "Descansado envia no lugar dele. Nenhuma conversa muda de número.",
    )]  # fmt: skip
    assert mail.outbox == []


@pytest.mark.parametrize(("status", "reason", "tone", "words"), [
    ("APPROVED", "", "success", "Já pode ser enviado"), ("REJECTED", "INCORRECT_CATEGORY", "danger", "categoria"),
    ("PAUSED", "", "warning", "bloqueou"), ("DISABLED", "", "warning", ""),
])  # fmt: skip
def test_a_decision_about_a_template_is_told_with_its_reason(
    main: Channel, status: str, reason: str, tone: str, words: str
) -> None:
    template(main, submitted_at=now())
    decide(main, status, reason)
    decide(main, status, reason)
    [(found, title, text)] = told()
    assert (found, "lembrete" in title, words in text) == (tone, True, True)


def test_a_list_of_templates_that_is_read_for_the_first_time_is_no_news(main: Channel) -> None:
    template(main)
    decide(main, "APPROVED")
    assert MessageTemplate.objects.get().status == TemplateStatus.APPROVED
    assert told() == []
    decide(main, "PAUSED")
    assert len(told()) == 1, "what changes afterwards is"


def test_what_is_told_is_no_second_line_in_the_history(
    main: Channel, reserve: Channel, ana: Membership, login: Any
) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban")
    drain()
    assert ChannelEvent.objects.filter(kind="alert").count() == 1
    page = login(ana).get(reverse("gateways:channel", args=[main.pk]))
    assert "alert" not in [event.kind for event, _title, _detail in page.context["events"]]


def test_the_bell_counts_until_one_looks(main: Channel, ana: Membership, vera: Membership, login: Any) -> None:
    page, mine, hers = reverse("gateways:channels"), login(ana), login(vera)
    assert "aviso novo" not in mine.get(page).content.decode()
    mark_state(main, ChannelState.RESTRICTED, "ban")
    drain()
    assert "1 aviso novo" in mine.get(page).content.decode()
    listed = mine.get(reverse("gateways:notices")).content.decode()
    assert "Recepção foi restringido" in listed and "aviso novo" not in listed
    assert "aviso novo" not in mine.get(page).content.decode()
    assert "1 aviso novo" in hers.get(page).content.decode(), "who has not looked is still told"


def test_an_open_page_gets_a_toast_for_what_is_new_to_it(
    main: Channel, reserve: Channel, ana: Membership, login: Any
) -> None:
    client, address = login(ana), reverse("gateways:bell")
    known = client.get(reverse("gateways:channels")).context["bell"].newest
    mark_state(main, ChannelState.RESTRICTED, "ban")
    drain()
    answer = client.get(address, {"desde": str(known)}, headers={"HX-Request": "true"}).content.decode()
    assert (
        'id="bell-top"' in answer
        and 'hx-swap-oob="beforeend:#toasts"' in answer
        and "Recepção foi restringido" in answer
    )
    newest = ChannelEvent.objects.get(kind="alert").pk
    again = client.get(address, {"desde": str(newest)}, headers={"HX-Request": "true"}).content.decode()
    assert "toasts" not in again and "1 aviso novo" in again
    assert "toasts" not in client.get(address, {"desde": "x' or 1"}).content.decode()


def test_who_was_away_finds_a_list_and_not_fifty_toasts(number: MakeChannel, inside: Organization) -> None:
    for name in ("A", "B", "C", "D", "E"):
        mark_state(number(name), ChannelState.RESTRICTED, "ban")
    look_after(inside.pk)
    drain()
    first = ChannelEvent.objects.order_by("at", "pk").first()
    assert first is not None
    assert len(notices_after(first.pk)) == 3
    assert len(told()) == 5
    with time_machine.travel(now() + timedelta(days=15), tick=False):
        assert told() == []


def test_carla_hears_nothing_of_it(main: Channel, carla: Membership, login: Any) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban")
    drain()
    client = login(carla)
    assert "Recepção" not in client.get(reverse("gateways:notices")).content.decode()
    known = "00000000-0000-0000-0000-000000000000"
    assert "Recepção" not in client.get(reverse("gateways:bell"), {"desde": known}).content.decode()
