"""What tomorrow holds, and what the owner should do about it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Membership
from campaigns.demand import waiting_before
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from core.clock import now
from gateways.models import Channel, ChannelRole, ChannelState
from gateways.pool import capacity as module
from gateways.pool.capacity import Capacity, capacity_tomorrow, recommendation
from leads.models import Contact
from tests.gateways.conftest import MakeChannel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
ZONE = "America/Sao_Paulo"
AT = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo(ZONE))


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    def set_to(count: int) -> None:
        monkeypatch.setattr(module, "_sources", [lambda moment: count])

    set_to(0)
    yield set_to


def tomorrow(*channels: Channel) -> Capacity:
    return capacity_tomorrow(list(channels), AT, ZONE)


def aged(days: int) -> dict[str, Any]:
    return {"connected_at": AT - timedelta(days=days)}


@pytest.mark.usefixtures("waiting")
def test_three_grown_numbers_send_1800_and_a_young_one_what_its_next_day_allows(number: MakeChannel) -> None:
    three = [number(name, **aged(100)) for name in "abc"]
    assert tomorrow(*three).cap == 1800
    # On its third day tomorrow.
    assert tomorrow(number("d", **aged(1))).cap == 60


@pytest.mark.usefixtures("waiting")
def test_only_who_can_send_counts(number: MakeChannel) -> None:
    counted = tomorrow(
        number("a", **aged(100)),
        number("b", **aged(100), state=ChannelState.DISCONNECTED),
        number("c", ChannelRole.STANDBY, **aged(100)),
        number("d", ChannelRole.WARMING, **aged(100)),
        number("e", provider="simulator", **aged(100)),
    )
    assert (counted.cap, counted.numbers, counted.reserve) == (660, 2, 2)


def test_today_is_used_up_first(number: MakeChannel, waiting: Callable[[int], None]) -> None:
    one = number("a", **aged(100), sent_on=AT.date(), sent_today=500)
    waiting(400)
    assert tomorrow(one).demand == 300
    waiting(50)
    assert tomorrow(one).demand == 0


@pytest.mark.parametrize(
    ("cap", "demand", "missing", "spare"),
    [
        (600, 480, 0, 20),
        (600, 481, 1, 20),
        (600, 2000, 4, 0),
        (1800, 2500, 3, 0),
        (None, 9999, 0, 100),
        (600, 0, 0, 100),
    ],
)
def test_a_fifth_is_kept_free(cap: int | None, demand: int, missing: int, spare: int) -> None:
    found = Capacity(cap, demand, numbers=1, reserve=1)
    assert (found.missing_numbers, found.spare_percentage) == (missing, spare)
    assert found.is_enough is (missing == 0)


@pytest.mark.parametrize(
    ("capacity", "words"),
    [
        (Capacity(600, 500, 1, 1), "Falta 1 número para a demanda de amanhã."),
        (Capacity(1800, 2500, 3, 1), "Faltam 3 números para a demanda de amanhã."),
        (Capacity(600, 0, 1, 0), "Nenhum número está na reserva."), (Capacity(600, 0, 1, 1), ""),
        (Capacity(0, 10, 0, 0), "Nenhum número seu pode enviar."), (Capacity(0, 0, 0, 0), ""),
    ],
)  # fmt: skip
def test_one_sentence_says_what_to_do(capacity: Capacity, words: str) -> None:
    assert recommendation(capacity).startswith(words) and bool(recommendation(capacity)) is bool(words)


def test_what_waits_is_asked_of_the_campaigns_that_run_by_then() -> None:
    states = [
        (CampaignState.RUNNING, None), (CampaignState.SCHEDULED, now()), (CampaignState.SCHEDULED, now() + timedelta(days=9)),
        (CampaignState.PAUSED, None),
    ]  # fmt: skip
    contact = Contact.objects.create(name="Maria", phone="+5511999990000", phone_key="5511999990000")
    for state, start_at in states:
        campaign = Campaign.objects.create(name=state, state=state, start_at=start_at)
        Recipient.objects.create(campaign=campaign, contact=contact, state=RecipientState.QUEUED)
    assert waiting_before(now() + timedelta(days=1)) == 2


def test_the_page_tells_the_parts_the_incidents_and_the_advice(
    ana: Membership,
    vera: Membership,
    carla: Membership,
    login: Any,
    number: MakeChannel,
    waiting: Callable[[int], None],
) -> None:
    one = number("Recepção", state=ChannelState.CONNECTED)
    waiting(5000)
    client = login(ana)
    html = client.get("/numeros/reserva/").content.decode()
    assert "Recepção" in html and "números para a demanda de amanhã" in html and "Começar o teste" in html
    assert "números para a demanda de amanhã" in client.get("/numeros/").content.decode()
    assert "Começar o teste" not in login(vera).get("/numeros/reserva/").content.decode()
    assert "Recepção" not in login(carla).get("/numeros/reserva/").content.decode()
    fragment = client.get("/numeros/reserva/", headers={"HX-Request": "true"}).content.decode().strip()
    assert fragment.startswith('<div class="stack" id="pool"')
    assert one.name in fragment


def test_the_line_of_a_number_is_kept_and_shown(ana: Membership, login: Any, number: MakeChannel) -> None:
    one, client = number("Recepção"), login(ana)
    url = f"/numeros/{one.pk}/editar/"
    answers = {"name": "Recepção", "role": "warming", "carrier": "Vivo", "tariff": "Empresas", "monthly_cost": "50,00"}
    assert client.post(url, answers | {"acquired_on": "2026-01-02"}).status_code == 302
    one.refresh_from_db()
    assert (one.carrier, one.tariff, one.monthly_cost_cents, one.role) == ("Vivo", "Empresas", 5000, "warming")
    assert str(one.acquired_on) == "2026-01-02"
    html = client.get(f"/numeros/{one.pk}/").content.decode()
    assert "Vivo, Empresas" in html and "R$ 50,00" in html and "Idade do número" in html
    form = client.get(url).content.decode()
    assert 'value="2026-01-02"' in form and "Vivo" in form
