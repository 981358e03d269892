"""A card shows what is seen, not what a server says."""

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from accounts.models import Membership, Organization
from core.clock import now
from gateways.contract import ConnectionReport
from gateways.models import Channel, ChannelHour, ChannelRole, ChannelState, MessageStatus
from gateways.pool.guard import look_after
from gateways.queries import cards_of
from gateways.services.health import believe
from gateways.services.states import mark_state
from tests.gateways.conftest import MakeChannel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
ZONE = "America/Sao_Paulo"


def test_open_but_nothing_confirmed_in_ten_sends_is_red(ana: Membership, login: Any, main: Channel) -> None:
    for unacked, tone in ((9, "success"), (10, "danger")):
        Channel.objects.update(unacked_sends=unacked)
        main.refresh_from_db()
        believe(main, ConnectionReport("connected"))
        [card] = cards_of([Channel.objects.get()], ZONE)
        assert card.badge.tone == tone
    html = login(ana).get(f"/numeros/{main.pk}/").content.decode()
    assert "Sem confirmação" in html and 'data-tone="danger"' in html


def test_rates_are_counted_from_what_the_provider_and_people_said(main: Channel) -> None:
    states = ["delivered"] * 6 + ["read"] * 1 + ["failed"] * 2 + ["sent"]
    at = now()
    MessageStatus.objects.bulk_create(
        MessageStatus(
            organization=main.organization, channel=main, external_id=str(n), state=state, updated_at=at,
            sent_at=None if state == "failed" else at, failed_at=at if state == "failed" else None,
        )
        for n, state in enumerate(states)
    )  # fmt: skip
    ChannelHour.objects.create(channel=main, hour=at - timedelta(hours=3), received=9, people=2)
    [card] = cards_of([main], ZONE)
    assert (card.delivery.percentage, card.delivery.failed_percentage) == (70.0, 20.0)
    assert (card.answers.percentage, card.age_days) == (25.0, 101)


def test_a_number_that_has_sent_nothing_has_no_rates(main: Channel) -> None:
    [card] = cards_of([main], ZONE)
    assert (card.delivery.percentage, card.delivery.failed_percentage, card.answers.percentage) == (None, None, None)


def test_cards_cost_the_same_queries_however_many_numbers(
    main: Channel, reserve: Channel, django_assert_num_queries: Any
) -> None:
    cards_of([main, reserve], ZONE)
    with django_assert_num_queries(4):
        cards_of([main, reserve], ZONE)


def test_who_stands_in_says_so_and_counts_among_those_who_send(
    ana: Membership, login: Any, main: Channel, number: MakeChannel, inside: Organization
) -> None:
    reserve = number("Reserva", ChannelRole.STANDBY)
    mark_state(main, ChannelState.RESTRICTED, "failed_acks")
    look_after(inside.pk)
    client = login(ana)
    numbers = client.get(reverse("gateways:channels"))
    assert (numbers.context["summary"].active, numbers.context["summary"].capacity) == (1, 600)
    card = BeautifulSoup(numbers.content, "html.parser").select_one(f"#number-{reserve.pk}")
    assert card is not None and "Substituindo" in card.text and "No lugar de" in card.text and main.name in card.text
    assert f"no lugar de {main.name}" in client.get(reverse("gateways:pool")).content.decode()


def test_a_restricted_number_is_explained_and_nobody_is_asked_to_connect_it_anew(
    ana: Membership, login: Any, main: Channel
) -> None:
    mark_state(main, ChannelState.RESTRICTED, "failed_acks")
    page = login(ana).get(reverse("gateways:channel", args=[main.pk])).content.decode()
    assert "O WhatsApp recusou 5 mensagens seguidas." in page
    assert reverse("gateways:channel-connect", args=[main.pk]) not in page
    mark_state(main, ChannelState.DISCONNECTED, "logout")
    page = login(ana).get(reverse("gateways:channel", args=[main.pk])).content.decode()
    assert reverse("gateways:channel-connect", args=[main.pk]) in page
