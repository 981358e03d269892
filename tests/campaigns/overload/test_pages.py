"""The page of the demand says what is late, offers decisions with their effect, and takes them from those who may."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from accounts.services.tokens import create_api_token
from campaigns.models import Campaign, DemandDecision, DemandSettings, Overload
from tests.campaigns.overload.conftest import look, serving
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
PAGE = "/campanhas/demanda/"
DECIDE = f"{PAGE}decidir/"


@pytest.fixture
def crowded(clock: Any, number: Any, running: Any) -> Campaign:
    main = number(cap=20)
    number("Reserva", 20, role="standby")
    running(20, [main], "Aprovada", priority=50)
    found: Campaign = running(40, [main], "Expirada", priority=-50)
    assert look() is not None
    return found


def text(client: Client, address: str = PAGE, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_without_campaigns_it_says_what_it_is_for(ana: Membership, login: Any) -> None:
    assert "Nada na fila" in text(login(ana))


def test_where_everything_fits_it_says_so(clock: Any, ana: Membership, login: Any, number: Any, running: Any) -> None:
    running(10, [number(cap=20)])
    page = text(login(ana))
    assert "Tudo o que está na fila sai no prazo." in page
    assert 'id="options"' not in page


def test_it_says_what_is_late_by_how_much(crowded: Campaign, ana: Membership, login: Any) -> None:
    page = text(login(ana))
    assert "20 de 60 mensagens na fila saem depois do prazo." in page
    assert "A última sai qua 9 às 8h28." in page
    assert page.index("Aprovadas") < page.index("Expiradas</td>")
    assert "50% maiores" in page
    assert "A reserva espera a sua decisão" in page


def test_decisions_come_by_themselves_and_without_javascript(crowded: Campaign, ana: Membership, login: Any) -> None:
    client = login(ana)
    assert "?opcoes=1#options" in text(client)
    for page in (
        text(client, f"{PAGE}?opcoes=1"),
        text(client, f"{PAGE}?opcoes=1", HX_Request="true", HX_Target="options"),
    ):
        assert "Pôr 1 número da reserva para ajudar" in page
        assert "Tudo sai no prazo." in page
        assert f"{DECIDE}hold/?campanha={crowded.pk}" in page
        assert "Conectar outro número" in page


def test_a_decision_is_confirmed_and_taken_back(crowded: Campaign, ana: Membership, login: Any) -> None:
    client = login(ana)
    question = text(client, f"{DECIDE}reserve/?numeros=1")
    assert "Atrasadas agora" in question
    assert serving() == {}
    assert client.post(f"{DECIDE}reserve/", {"numeros": "1"}).url == PAGE
    assert serving() == {"Reserva": "helps"}
    page = text(client)
    assert "1 número da reserva ajuda" in page
    assert "Com o que foi decidido, tudo sai no prazo." in page
    decision = DemandDecision.objects.get()
    assert client.post(f"{PAGE}{decision.pk}/desfazer/").url == PAGE
    assert serving() == {"Reserva": "rests"}


def test_a_double_click_decides_once(crowded: Campaign, ana: Membership, login: Any) -> None:
    client = login(ana)
    for _click in range(2):
        client.post(f"{DECIDE}hold/", {"campanha": str(crowded.pk), "once": "k"})
    assert DemandDecision.objects.count() == 1


def test_a_refusal_is_told(crowded: Campaign, ana: Membership, login: Any) -> None:
    client = login(ana)
    answer = client.post(f"{DECIDE}reserve/", {"numeros": "7"}, follow=True)
    assert "A reserva mudou enquanto isso." in answer.content.decode()
    assert client.get(f"{DECIDE}reserve/?numeros=7").status_code == 302
    assert client.post(f"{DECIDE}hold/", {"campanha": "nada"}, follow=True).status_code == 200
    assert not DemandDecision.objects.exists()


def test_who_only_looks_decides_nothing(crowded: Campaign, vera: Membership, login: Any) -> None:
    client = login(vera)
    page = text(client, f"{PAGE}?opcoes=1")
    assert "Pôr 1 número da reserva para ajudar" in page
    assert DECIDE not in page
    for address in (f"{DECIDE}accept/", f"{PAGE}ajustes/"):
        assert client.post(address).status_code == 403
    assert client.get(f"{DECIDE}accept/").status_code == 403
    assert not DemandDecision.objects.exists()


def test_agents_decide_and_administrators_change_the_settings(
    crowded: Campaign, ana: Membership, bruno: Membership, login: Any
) -> None:
    assert login(bruno).post(f"{PAGE}ajustes/", {"help": "never", "window": "day"}).status_code == 403
    login(bruno).post(f"{DECIDE}hold/", {"campanha": str(crowded.pk)})
    assert DemandDecision.objects.get().by == bruno
    client = login(ana)
    assert 'name="help"' in text(client)
    client.post(f"{PAGE}ajustes/", {"help": "itself", "window": "plan"})
    assert DemandSettings.objects.values_list("help", "window").get() == ("itself", "plan")
    client.post(f"{PAGE}ajustes/", {"help": "?", "window": "plan"})
    assert DemandSettings.objects.get().help == "itself"


def test_others_see_nothing_of_it(crowded: Campaign, ana: Membership, carla: Membership, login: Any) -> None:
    login(ana).post(f"{DECIDE}hold/", {"campanha": str(crowded.pk)})
    client = login(carla)
    assert "Expirada" not in text(client)
    assert client.post(f"{DECIDE}hold/", {"campanha": str(crowded.pk)}).status_code == 404
    assert client.post(f"{PAGE}{DemandDecision.objects.get().pk}/desfazer/").status_code == 404
    assert DemandDecision.objects.get().ended_at is None


@pytest.mark.parametrize("address", [PAGE, f"{DECIDE}accept/"])
def test_it_needs_log_in(address: str, client: Client, db: None) -> None:
    assert client.get(address).status_code == 302


def test_undoing_is_a_post(crowded: Campaign, ana: Membership, login: Any) -> None:
    assert login(ana).get(f"{PAGE}{crowded.pk}/desfazer/").status_code == 405


def test_the_list_and_the_running_campaign_lead_there(crowded: Campaign, ana: Membership, login: Any) -> None:
    client = login(ana)
    assert f'href="{PAGE}"' in text(client, "/campanhas/")
    assert "Ver o que atrasa e decidir" in text(client, "/campanhas/")
    assert "20 mensagens desta campanha sairiam atrasadas" in text(client, f"/campanhas/{crowded.pk}/")
    Overload.objects.update(ended_at=crowded.created_at)
    assert "Ver o que atrasa e decidir" not in text(client, "/campanhas/")
    assert "Ver o que atrasa e decidir" not in text(client, f"/campanhas/{crowded.pk}/")


def test_the_bell_leads_there(crowded: Campaign, ana: Membership, login: Any) -> None:
    drain()
    page = text(login(ana), "/numeros/avisos/")
    assert "Há mais para enviar do que cabe" in page
    assert f'href="{PAGE}"' in page


def test_programs_read_the_same_report(crowded: Campaign, ana: Membership) -> None:
    _row, token = create_api_token("Programa")
    answer = Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/demand")
    assert answer.status_code == 200
    found = answer.json()
    assert {name: found[name] for name in ("is_overload", "waiting", "today", "late", "helping", "reserve")} == {
        "is_overload": True, "waiting": 60, "today": 20, "late": 20, "helping": 0, "reserve": 1,
    }  # fmt: skip
    assert [(one["name"], one["waiting"], one["late"]) for one in found["campaigns"]] == [
        ("Aprovada", 20, 0), ("Expirada", 40, 20),
    ]  # fmt: skip
    assert [(one["kind"], one["late"]) for one in found["options"]] == [
        ("reserve", 0), ("tomorrow", 0), ("hold", 0), ("accept", 20),
    ]  # fmt: skip


def test_programs_need_a_token(client: Client, db: None) -> None:
    assert client.get("/api/v1/demand").status_code == 401
