"""The pages of the SDR share one row of tabs."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Membership, Organization
from sdr.models import Question

Login = Callable[..., Client]
OF_EVERYBODY = {
    "/sdr/": "Ajustes", "/sdr/resultados/": "Resultados", "/sdr/conhecimento/": "Conhecimento", "/sdr/perguntas/": "Perguntas",
    "/sdr/agentes/": "Agentes", "/sdr/prompts/": "Jeito de falar", "/sdr/recusas/": "Respostas barradas", "/sdr/testar/": "Testar",
}  # fmt: skip
OF_MANAGERS = {"/sdr/pesos/": "Pesos", "/sdr/aprendizado/": "Aprendizado", "/sdr/modelos/": "Modelos de IA"}


def tabs_of(client: Client, address: str) -> list[tuple[str, bool, str]]:
    """Return (address, is current, words) of each tab."""
    page = client.get(address).content.decode()
    nav = page.split('<nav class="tabs"')[1].split("</nav>")[0]
    found = re.findall(r'<a href="([^"]+)"( aria-current="page")?>([^<]+)', nav)
    return [(href, bool(current), words) for href, current, words in found]


@pytest.mark.parametrize("address", [*OF_EVERYBODY, *OF_MANAGERS])
def test_every_page_has_the_same_tabs_and_marks_its_own(
    login: Login, ana: Membership, in_acme: Organization, address: str
) -> None:
    tabs = tabs_of(login(ana), address)
    assert {href: words for href, _current, words in tabs} == OF_EVERYBODY | OF_MANAGERS
    assert [href for href, current, _words in tabs if current] == [address]


@pytest.mark.parametrize("address", OF_EVERYBODY)
def test_no_tab_leads_where_a_member_may_not_go(
    login: Login, bruno: Membership, in_acme: Organization, address: str
) -> None:
    client = login(bruno)
    tabs = tabs_of(client, address)
    assert {href: words for href, _current, words in tabs} == OF_EVERYBODY
    assert {client.get(href).status_code for href, _current, _words in tabs} == {200}


def test_a_page_below_a_tab_marks_it_too(login: Login, ana: Membership, in_acme: Organization) -> None:
    question = Question.objects.create(text="aceita pix?", key="aceita pix")
    below = {"/sdr/agentes/novo/": "/sdr/agentes/", f"/sdr/perguntas/{question.pk}/": "/sdr/perguntas/"}
    client = login(ana)
    for address, tab in below.items():
        assert [href for href, current, _words in tabs_of(client, address) if current] == [tab]


def test_the_tab_of_questions_says_how_many_wait(login: Login, ana: Membership, in_acme: Organization) -> None:
    assert 'class="count"' not in login(ana).get("/sdr/").content.decode().split("<main")[1].split("</nav>")[0]
    for number in range(3):
        Question.objects.create(text=f"pergunta {number}", key=f"pergunta {number}")
    page = login(ana).get("/sdr/agentes/").content.decode().split("<main")[1].split("</nav>")[0]
    assert re.search(r'Perguntas<span class="count"[^>]*>3</span>', page)
