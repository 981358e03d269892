"""Series in the wizard and on their pages, the question about a missed start, and the settings."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Organization, User
from bookings.models import DayRule
from campaigns.models import Campaign, CampaignState, ScheduleSettings
from campaigns.schedules import series
from campaigns.schedules.starts import start_due
from core.ids import uuid7

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
NEW = "/campanhas/nova/"
SETTINGS = "/campanhas/horarios/"
SATURDAY = datetime(2026, 11, 21, 15, tzinfo=UTC)
REPEAT = {
    "when": "repeat", "repeat_unit": "week", "repeat_interval": "2", "repeat_weekdays": ["0", "2"], "repeat_at": "09:00",
    "repeat_from": "2026-11-23", "repeat_end": "count", "repeat_count": "10", "repeat_holidays": "skip", "late_hours": "8",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(SATURDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def form(in_acme: Organization, make_list: Any, make_channel: Any) -> dict[str, Any]:
    return {
        "key": str(uuid7()), "name": "Lembrete", "lists": [str(make_list(3, first=900).pk)], "variant": ["Oi, {nome}!"],
        "channels": [str(make_channel().pk)], "go": "send", **REPEAT,
    }  # fmt: skip


def test_the_wizard_makes_a_series(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    assert login(bruno).post(NEW, form).status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.repeats, campaign.state, campaign.late_hours) == (True, "scheduled", 8)
    assert campaign.start_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert campaign.recurrence.rule == {
        "unit": "week", "interval": 2, "weekdays": [0, 2], "at": "09:00:00", "first_on": "2026-11-23", "count": 10,
        "holidays": "skip",
    }  # fmt: skip


def test_the_next_days_are_told_before_it_is_saved(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    DayRule.objects.create(day=datetime(2026, 12, 7).date(), name="Reforma")
    page = login(bruno).post(f"{NEW}resumo/", form, headers={"HX-Request": "true"}).content.decode()
    assert "A cada 2 semanas, seg e qua, às 9h" in page
    for words in ("10 envios", "menos nos feriados", "Segunda-feira, 23 de novembro de 2026 às 9h", "pulado: Reforma"):
        assert words in page
    assert page.count("<li>") >= 5
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"repeat_weekdays": []}, "pelo menos um dia da semana"),
        ({"repeat_interval": "0"}, "A cada quantos"),
        ({"repeat_interval": "x"}, "A cada quantos"),
        ({"repeat_at": "9 horas"}, "Às"),
        ({"repeat_from": "ontem"}, "A partir do dia"),
        ({"repeat_count": ""}, "Diga quando termina"),
        ({"repeat_end": "until", "repeat_until": ""}, "Diga quando termina"),
        ({"repeat_end": "until", "repeat_until": "2026-11-01"}, "vem antes do primeiro"),
        ({"repeat_from": "2026-11-02", "repeat_end": "until", "repeat_until": "2026-11-10"}, "Não sobra nenhum envio"),
        ({"repeat_unit": "month", "repeat_month_day": "32"}, "No dia do mês"),
        ({"repeat_holidays": "dance"}, "feriado"),
        ({"late_hours": "3"}, "horário passou"),
    ],
)
def test_what_is_wrong_leads_to_its_step(
    bruno: Membership, login: Login, form: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    answer = login(bruno).post(NEW, form | change)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'href="#quando">Corrigir' in page
    assert not Campaign.objects.exists()


def test_what_is_not_asked_cannot_be_wrong(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    assert login(bruno).post(NEW, form | {"when": "now", "repeat_interval": "x", "repeat_from": "?"}).status_code == 302
    assert Campaign.objects.get().state == CampaignState.RUNNING


def test_a_draft_of_a_series_waits_for_its_owner(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    login(bruno).post(NEW, form | {"go": "draft"})
    campaign = Campaign.objects.get()
    assert (campaign.repeats, campaign.state, campaign.start_at) == (True, "draft", None)
    page = login(bruno).get(f"/campanhas/{campaign.pk}/editar/").content.decode()
    for kept in (
        'value="repeat" ',
        'name="repeat_interval" value="2"',
        'value="2026-11-23"',
        'name="repeat_count" value="10"',
    ):
        assert kept in page


@pytest.fixture
def pattern(in_acme: Organization, make_campaign: Any, clock: Any) -> Campaign:
    rule = {"unit": "day", "at": "09:00", "first_on": "2026-11-23"}
    campaign = series.repeat(make_campaign(name="Lembrete"), rule)
    clock.move_to(datetime(2026, 11, 23, 12, tzinfo=UTC))
    start_due()
    return campaign


def test_the_page_of_a_series_shows_what_comes_and_what_was(bruno: Membership, login: Login, pattern: Campaign) -> None:
    page = login(bruno).get(f"/campanhas/{pattern.pk}/").content.decode()
    for words in (
        "Todo dia às 9h",
        "Próximo envio amanhã às 9h",
        "Os próximos envios",
        "Segunda-feira, 23 de novembro",
    ):
        assert words in page
    assert f"/campanhas/{pattern.runs.get().pk}/" in page
    assert "Começar agora" not in page
    run = login(bruno).get(f"/campanhas/{pattern.runs.get().pk}/").content.decode()
    assert f'href="/campanhas/{pattern.pk}/">Envio de uma série' in run


def test_a_series_is_held_let_go_on_and_ended_by_its_page(bruno: Membership, login: Login, pattern: Campaign) -> None:
    client = login(bruno)
    for action, state in (
        ("pause", "paused"),
        ("resume", "scheduled"),
        ("start", "scheduled"),
        ("cancel", "cancelled"),
    ):
        client.post(f"/campanhas/{pattern.pk}/{action}/")
        pattern.refresh_from_db()
        assert pattern.state == state
        assert client.get(f"/campanhas/{pattern.pk}/").status_code == 200
    assert pattern.runs.count() == 1
    assert not pattern.recipients.exists()


def test_a_series_that_has_sent_is_changed_for_what_is_to_come(
    bruno: Membership, login: Login, pattern: Campaign, form: dict[str, Any]
) -> None:
    client = login(bruno)
    address = f"/campanhas/{pattern.pk}/editar/"
    version = client.get(address).context["form"]["version"].value()
    answer = client.post(address, form | {"version": version, "name": "Novo", "variant": ["Novo texto"]})
    assert answer.status_code == 302
    pattern.refresh_from_db()
    assert (pattern.state, pattern.name, pattern.recurrence.rule["interval"]) == ("scheduled", "Novo", 2)
    assert pattern.runs.get().variants.get().body == "Oi, {nome}!"
    version = client.get(address).context["form"]["version"].value()
    refused = client.post(address, form | {"version": version, "when": "now"})
    assert refused.status_code == 422
    assert "já enviou" in refused.content.decode()


def test_a_viewer_looks_at_a_series_and_touches_nothing(vera: Membership, login: Login, pattern: Campaign) -> None:
    page = login(vera).get(f"/campanhas/{pattern.pk}/").content.decode()
    assert "Todo dia às 9h" in page
    assert "Pausar a série" not in page


# ---- The question about a missed start


@pytest.fixture
def asking(in_acme: Organization, make_campaign: Any, clock: Any) -> Campaign:
    campaign: Campaign = make_campaign(name="Atrasada", start_at=SATURDAY + timedelta(hours=1))
    clock.move_to(SATURDAY + timedelta(hours=9))
    start_due()
    return campaign


def test_a_campaign_that_asks_says_so_everywhere(bruno: Membership, login: Login, asking: Campaign) -> None:
    client = login(bruno)
    page = client.get(f"/campanhas/{asking.pk}/").content.decode()
    assert "Enviar agora, com atraso?" in page
    assert "hoje às 13h" in page
    assert "uma campanha espera a sua decisão" in page
    assert "O horário passou" in client.get("/campanhas/").content.decode()


@pytest.mark.parametrize(("answer", "state"), [("resume", "running"), ("cancel", "cancelled")])
def test_the_answer_is_one_tap(bruno: Membership, login: Login, asking: Campaign, answer: str, state: str) -> None:
    client = login(bruno)
    client.post(f"/campanhas/{asking.pk}/{answer}/")
    asking.refresh_from_db()
    assert asking.state == state
    page = client.get(f"/campanhas/{asking.pk}/").content.decode()
    assert "com atraso?" not in page
    assert "uma campanha espera a sua decisão" not in page


# ---- Settings


def test_the_settings_are_for_who_manages(
    ana: Membership, bruno: Membership, login: Login, in_acme: Organization
) -> None:
    assert login(bruno).get(SETTINGS).status_code == 403
    client = login(ana)
    assert "Sempre perguntar" in client.get(SETTINGS).content.decode()
    assert client.post(SETTINGS, {"late_hours": "0"}).status_code == 302
    assert ScheduleSettings.objects.get().late_hours == 0
    assert client.post(SETTINGS, {"late_hours": "5"}).status_code == 422
    assert ScheduleSettings.objects.get().late_hours == 0


# ---- Classes


@pytest.mark.parametrize(("sent", "kept"), [("50", 50), ("-50", -50), ("", 0), ("7", 7)])
def test_a_campaign_has_a_class_of_priority(
    bruno: Membership, login: Login, form: dict[str, Any], sent: str, kept: int
) -> None:
    client = login(bruno)
    client.post(NEW, form | {"priority": sent, "go": "draft"})
    campaign = Campaign.objects.get()
    assert campaign.priority == kept
    assert f'value="{kept}" selected' in client.get(f"/campanhas/{campaign.pk}/editar/").content.decode()


@pytest.mark.parametrize("sent", ["101", "-101", "x", "9" * 40])
def test_a_class_that_is_none_is_refused(bruno: Membership, login: Login, form: dict[str, Any], sent: str) -> None:
    assert login(bruno).post(NEW, form | {"priority": sent}).status_code == 422
    assert not Campaign.objects.exists()
