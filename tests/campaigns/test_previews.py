"""The phone of the wizard: real people, the greeting of the hour at which it leaves, and what will not read as it was meant."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Organization, User
from billing.models import Plan
from campaigns.models import ScheduleSettings
from core.ids import uuid7
from leads.models import AttributeLabel, Contact
from tests.campaigns.conftest import phone_of

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
PREVIEW, SUMMARY = "/campanhas/nova/previa/", "/campanhas/nova/resumo/"
HTMX = {"HX-Request": "true"}
ALIKE = "Oi, tudo bem? Vamos falar do seu sorriso hoje"
SERIES = {
    "when": "repeat", "repeat_unit": "week", "repeat_interval": "1", "repeat_weekdays": ["0"], "repeat_at": "09:00",
    "repeat_from": "2026-11-23", "repeat_end": "count", "repeat_count": "3", "repeat_holidays": "skip",
}  # fmt: skip
AFTERNOON = datetime(2026, 11, 17, 18, tzinfo=UTC)


@pytest.fixture
def form(in_acme: Organization, make_list: Any, make_channel: Any) -> dict[str, Any]:
    return {
        "key": str(uuid7()), "name": "Novembro", "lists": [str(make_list(3, first=900).pk)], "variant": ["Oi, {nome}!"],
        "channels": [str(make_channel().pk)], "when": "now",
    }  # fmt: skip


def asked(client: Client, path: str, form: dict[str, Any], **values: Any) -> str:
    return client.post(path, form | values, headers=HTMX).content.decode()


@pytest.mark.parametrize(
    ("values", "greeting"),
    [
        ({}, "Boa tarde!"),
        ({"when": "later", "start_at": "2026-11-18T09:00"}, "Bom dia!"),
        ({"when": "later", "start_at": "2026-11-18T20:00"}, "Boa noite!"),
        ({"when": "later", "start_at": "logo"}, "Boa tarde!"),
        (SERIES, "Bom dia!"),
    ],
    ids=["now", "morning", "evening", "no time", "series"],
)
def test_the_greeting_is_that_of_the_start(
    bruno: Membership, login: Login, form: dict[str, Any], values: dict[str, Any], greeting: str
) -> None:
    with time_machine.travel(AFTERNOON, tick=False):
        html = asked(login(bruno), PREVIEW, form, variant=["{saudacao}!"], **values)
        assert f'<p class="wrap">{greeting}</p>' in html


def test_signs_that_nothing_closes_are_named(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    html = asked(client, PREVIEW, form, variant=["Oi, {nome! [oi|olá"])
    assert "Saem escritos assim mesmo" in html
    assert '<span class="var">[oi|olá</span>' in html
    assert "assim mesmo" not in asked(client, PREVIEW, form, variant=["Oi, {nome}! [oi|olá]"])


def test_a_field_of_any_contact_is_known_however_old(
    bruno: Membership, login: Login, form: dict[str, Any], make_contact: Any
) -> None:
    """A field is known by its label: whoever brought it along may be the oldest of fifty thousand."""
    for number in range(25):
        AttributeLabel.objects.create(
            organization_id=bruno.organization_id, key=f"campo_{number}", label=f"Campo {number}"
        )
    client = login(bruno)
    html = asked(client, PREVIEW, form, variant=["{campo_0} {campo_24} {bairro}"])
    assert "{bairro}</span>" in html
    assert "{campo_0}</span>" not in html and "{campo_24}</span>" not in html
    page = client.get("/campanhas/nova/").content.decode()
    assert 'data-insert="{campo_24}" title="Campo 24"' in page


def test_a_field_that_nobody_has_is_said_once(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    assert asked(client, PREVIEW, form, variant=["Oi {bairro}"]).count("{bairro}</span>") == 1
    html = asked(client, SUMMARY, form, variant=["Oi {bairro}"])
    assert "{bairro}</span>" not in html.split('id="plan"')[0] and "está vazio" not in html


def test_the_texts_of_further_steps_are_looked_at_too(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    steps = {"step_wait": ["2"], "step_unit": ["days"], "step_text_0": ["Ainda dá tempo, {bairro}! [oi"]}
    html = asked(login(bruno), PREVIEW, form, **steps)
    assert "{bairro}</span>" in html and '<span class="var">[oi</span>' in html


def test_nothing_said_on_purpose_is_no_gap(
    bruno: Membership, login: Login, form: dict[str, Any], make_list: Any, make_contact: Any
) -> None:
    nameless = str(make_list(contacts=[make_contact(50)]).pk)
    Contact.objects.filter(phone=phone_of(50)).update(name="")
    client = login(bruno)
    assert "está vazio para 1 contato" in asked(
        client, SUMMARY, form, lists=[nameless], variant=["Oi {nome}, tudo bem?"]
    )
    assert "está vazio" not in asked(client, SUMMARY, form, lists=[nameless], variant=["Oi {nome|}, tudo bem?"])


def test_fields_are_named_as_people_write_them(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    html = asked(client, SUMMARY, form, variant=["Em {cidade}"])
    assert "{cidade}</span> está vazio para 3 contatos" in html and "{city}" not in html
    page = client.get(f"/leads/?lista={form['lists'][0]}&campanhas=receives&vazio=city").content.decode()
    assert "sem cidade" in page


def test_the_check_itself_says_what_is_amiss_with_the_texts(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    plan = asked(login(bruno), SUMMARY, form, variant=["Oi {nome, {bairro} em {cidade}"]).split('id="plan"')[1]
    plan = plan.split('id="send-words"')[0]
    for words in ("Sai escrito assim mesmo", "{bairro}</span>", "{cidade}</span> está vazio"):
        assert words in plan


def test_look_alikes_are_named_while_they_are_written(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    html = asked(client, PREVIEW, form, variant=[f"{ALIKE}?", f"{ALIKE}!"])
    assert "As variações A e B são 100% iguais." in html
    assert "% iguais" not in asked(client, PREVIEW, form, variant=[ALIKE, "Olá! Sexta temos horário livre."])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"weight": ["1", "1"]}, "em partes iguais"),
        ({"weight": ["3", "1"]}, "A 75%, B 25%"),
        (
            {"weight": ["3", "1"], "split": "auto"},
            "divididos automaticamente, o que pede 50 enviadas de cada: aqui vão em partes iguais",
        ),
    ],
    ids=["even", "weighed", "automatic"],
)
def test_the_check_says_who_gets_which_text(
    bruno: Membership, login: Login, form: dict[str, Any], values: dict[str, Any], words: str
) -> None:
    html = asked(login(bruno), SUMMARY, form, variant=["Oi, {nome}!", "Olá, vamos conversar?"], **values)
    assert f"<b>2 textos</b><small>{words}</small>" in html


@pytest.mark.parametrize(
    ("by_itself", "words"),
    [(True, "A campanha pausa com 1 pessoa na fila e volta sozinha"), (False, "continua quando você retomar")],
    ids=["renews", "by hand"],
)
def test_what_happens_at_the_plan_s_limit_is_said_as_it_is_set(
    bruno: Membership, login: Login, form: dict[str, Any], by_itself: bool, words: str
) -> None:
    Plan.objects.update(daily_messages=2, monthly_messages=None)
    ScheduleSettings.objects.create(organization_id=bruno.organization_id, resumes_with_plan=by_itself)
    html = asked(login(bruno), SUMMARY, form)
    assert words in html
    assert "1 a mais do que o plano ainda envia hoje" in html
