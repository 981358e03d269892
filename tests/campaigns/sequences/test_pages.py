"""Sequences in the wizard, while they run, and step by step in the report."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, User
from campaigns.models import Campaign, Step
from campaigns.sequences.steps import drafts_of
from campaigns.services import lifecycle
from core.ids import uuid7
from leads.models import Contact
from tests.campaigns.sequences.conftest import DAY, HOUR, MONDAY, deliver, sweep

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
NEW = "/campanhas/nova/"
STEPS = {
    "step_wait": ["2", "5"], "step_unit": ["days", "hours"], "step_text_0": ["Lembra, {nome}?", "Viu?"],
    "step_text_1": ["Última."], "stops_on": ["replied", "closed"],
}  # fmt: skip


@pytest.fixture
def form(in_acme: Organization, make_list: Any, make_channel: Any) -> dict[str, Any]:
    return {
        "key": str(uuid7()), "name": "Sequência", "lists": [str(make_list(3, first=900).pk)], "variant": ["Oi, {nome}!"],
        "channels": [str(make_channel().pk)], "when": "now", "go": "send", **STEPS,
    }  # fmt: skip


def test_the_wizard_makes_a_sequence_and_starts_it(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    assert login(bruno).post(NEW, form).status_code == 302
    campaign = Campaign.objects.get()
    assert [(row.wait, row.unit, list(row.texts)) for row in drafts_of(campaign)] == [
        (2, "days", ["Lembra, {nome}?", "Viu?"]), (5, "hours", ["Última."]),
    ]  # fmt: skip
    assert (campaign.state, campaign.stops_on) == ("running", ["replied", "closed"])
    assert campaign.recipients.filter(step=1, leads_on=True).count() == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step_wait": ["x", "5"]}, "quanto cada etapa espera"),
        ({"step_wait": ["0", "5"]}, "A etapa 2 espera de 1 a 365"),
        ({"step_wait": ["9" * 50, "5"]}, "A etapa 2 espera"),
        ({"step_unit": ["weeks", "hours"]}, "quanto cada etapa espera"),
        ({"step_text_1": ["  "]}, "Escreva a mensagem da etapa 3"),
        ({"step_text_0": ["x" * 4097]}, "na etapa 2"),
        ({"stops_on": ["rain"]}, "sequência termina"),
    ],
)
def test_what_is_wrong_leads_to_its_step(
    bruno: Membership, login: Login, form: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    answer = login(bruno).post(NEW, form | change)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'href="#mensagem">Corrigir' in page
    assert "Última." in page or "step_text_1" in change
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("go", "waits", "texts"),
    [
        ("step-add", ["2", "5", "2"], 4), ("step-remove:0", ["5"], 1), ("step-text:1", ["2", "5"], 4), ("step-remove:9", ["2", "5"], 3),
        ("step-remove:x", ["2", "5"], 3), ("nonsense", ["2", "5"], 3),
    ],
)  # fmt: skip
def test_the_buttons_of_the_steps_lose_nothing(
    bruno: Membership, login: Login, form: dict[str, Any], go: str, waits: list[str], texts: int
) -> None:
    client = login(bruno)
    fragment = client.post(f"{NEW}etapas/", form | {"go": go}, headers={"HX-Request": "true"}).content.decode()
    whole = client.post(NEW, form | {"go": go}).content.decode()
    for page in (fragment, whole):
        assert [f'name="step_wait" value="{wait}"' in page for wait in waits] == [True] * len(waits)
        assert page.count('name="step_wait"') == len(waits)
        assert page.count("data-step-text") == texts
    assert "Oi, {nome}!" in whole
    assert not Campaign.objects.exists()


def test_a_first_step_ends_with_an_answer_unless_somebody_says_otherwise(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    plain = {name: value for name, value in form.items() if not name.startswith(("step_", "stops_"))} | {
        "go": "step-add"
    }
    client = login(bruno)
    for page in (client.post(f"{NEW}etapas/", plain), client.post(NEW, plain)):
        assert page.context["form"]["stops_on"].value() == ["replied", "booked"]
    none = client.post(f"{NEW}etapas/", {**form, "stops_on": [], "go": "step-add"})
    assert none.context["form"]["stops_on"].value() == []


def test_a_draft_of_a_sequence_is_changed_by_the_same_form(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    client = login(bruno)
    client.post(NEW, form | {"go": "draft"})
    campaign = Campaign.objects.get()
    address = f"/campanhas/{campaign.pk}/editar/"
    opened = client.get(address)
    assert "Lembra, {nome}?" in opened.content.decode()
    version = opened.context["form"]["version"].value()
    without = {name: value for name, value in form.items() if not name.startswith("step_")}
    client.post(address, without | {"go": "draft", "version": version})
    assert not Step.objects.exists()


def test_a_copy_has_the_steps_too(bruno: Membership, login: Login, make_sequence: Any) -> None:
    page = login(bruno).get(f"{NEW}?copiar={make_sequence().pk}").content.decode()
    assert "Lembra, {nome}?" in page and "Última vez." in page


def test_the_report_shows_the_funnel_of_each_step(
    bruno: Membership, login: Login, make_sequence: Any, clock: Any
) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    Contact.objects.filter(name="Pessoa 1").update(last_seen_at=MONDAY + HOUR)
    sweep(clock, MONDAY + 2 * DAY)
    deliver(MONDAY + 2 * DAY, position=1)
    answer = login(bruno).get(f"/campanhas/{campaign.pk}/")
    lines = answer.context["step_lines"]
    assert [(one.number, one.coming, one.queued, one.sent) for one in lines] == [
        (1, 0, 0, 3),
        (2, 0, 1, 1),
        (3, 1, 0, 0),
    ]
    assert lines[0].stopped == ["1 por resposta"]
    page = answer.content.decode()
    assert "depois de 2 dias" in page and "Mudar as etapas" in page


def test_steps_are_changed_while_it_runs(bruno: Membership, login: Login, make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    client, address = login(bruno), f"/campanhas/{campaign.pk}/etapas/"
    assert "Última vez." in client.get(address).content.decode()
    more = client.post(address, {**STEPS, "go": "step-add"})
    assert more.content.decode().count('name="step_wait"') == 3
    assert client.post(address, STEPS | {"step_wait": ["0", "1"]}).status_code == 422
    assert client.post(address, STEPS).status_code == 302
    assert [list(row.texts) for row in drafts_of(campaign)] == [["Lembra, {nome}?", "Viu?"], ["Última."]]
    lifecycle.cancel(campaign)
    assert client.get(address).status_code == 302


def test_who_may_not(vera: Membership, carla: Membership, login: Login, make_sequence: Any) -> None:
    campaign = make_sequence()
    address = f"/campanhas/{campaign.pk}/etapas/"
    assert login(vera).get(address).status_code == 403
    assert "Mudar as etapas" not in login(vera).get(f"/campanhas/{campaign.pk}/").content.decode()
    assert login(carla).get(address).status_code == 404
