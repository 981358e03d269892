"""The page of the settings under what happens to pages: roles, sessions that end, several tabs, many requests at once (SDR-10)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from django.db import connections
from django.test import Client

from accounts.models import AuditEntry, Membership, Organization, Role
from core.tenancy import activate_organization
from sdr.models import SdrProfile
from sdr.services.profiles import get_profile, update_profile

Login = Callable[..., Client]
SETTINGS = "/sdr/"


class Form(HTMLParser):
    """Reads the values that a browser would send of the form of the settings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select, self._area = "", ""
        self.feed(html.split('id="sdr-form"')[1].split("</form>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = str(given.get("name", "")), given.get("type")
        if tag == "input" and name and (kind != "checkbox" or "checked" in given):
            self.values[name] = str(given.get("value", "on" if kind == "checkbox" else ""))
        if tag == "textarea":
            self._area, self.values[name] = name, ""
        if tag == "select":
            self._select, self.values[name] = name, ""
        if tag == "option" and "selected" in given:
            self.values[self._select] = str(given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] += data.removeprefix("\n")


def opened(client: Client) -> dict[str, str]:
    """Open the page and return what its form would send."""
    answer = client.get(SETTINGS)
    assert answer.status_code == 200
    found = Form(answer.content.decode()).values
    return {name: value for name, value in found.items() if name != "csrfmiddlewaretoken"}


def saved() -> SdrProfile:
    return SdrProfile.objects.get(pk=get_profile().pk)


@pytest.fixture
def profile(in_acme: Organization) -> SdrProfile:
    services = [{"name": "Limpeza", "price_cents": 18000}, {"name": "Aparelho", "price_cents": None}]
    return update_profile(get_profile(), {"services": services, "city": "Campinas", "area": ["Cambuí", "Centro"]})


@pytest.mark.parametrize(("role", "status"), [("owner", 302), ("admin", 302), ("agent", 403), ("viewer", 403)])
def test_everybody_sees_it_and_managers_change_it(
    login: Login,
    acme: Organization,
    make_member: Callable[..., Membership],
    profile: SdrProfile,
    role: str,
    status: int,
) -> None:
    client = login(make_member(acme, f"{role}@acme.com.br", role=Role(role)))
    page = client.get(SETTINGS)
    assert page.status_code == 200
    assert ('<fieldset class="stack bare" disabled>' in page.content.decode()) == (status == 403)
    answer = client.post(SETTINGS, opened(client) | {"agent_name": "Bia"})
    assert answer.status_code == status
    assert saved().agent_name == ("Bia" if status == 302 else "Clara")
    assert AuditEntry.objects.filter(action="sdr.changed").count() == (status == 302)


def test_saving_without_a_change_changes_nothing(login: Login, ana: Membership, profile: SdrProfile) -> None:
    client, before = login(ana), saved()
    assert client.post(SETTINGS, opened(client)).status_code == 302
    after = saved()
    ignored = {"updated_at", "_state"}
    assert {k: v for k, v in vars(after).items() if k not in ignored} == {
        k: v for k, v in vars(before).items() if k not in ignored
    }


def test_when_the_session_has_ended_nothing_is_saved_and_the_log_in_leads_back(
    login: Login, ana: Membership, profile: SdrProfile
) -> None:
    client = login(ana)
    form = opened(client)
    client.session.flush()
    answer = client.post(SETTINGS, form | {"agent_name": "Bia"}, headers={"Referer": "http://testserver/sdr/"})
    assert answer.status_code == 302
    assert answer["Location"].endswith("?next=/sdr/")
    assert "Sua sessão tinha terminado" in client.get(answer["Location"]).content.decode()
    assert saved().agent_name == "Clara"


def test_two_tabs_that_change_different_things_both_keep_them(
    login: Login, ana: Membership, profile: SdrProfile
) -> None:
    client = login(ana)
    one, other = opened(client), opened(client)
    assert client.post(SETTINGS, one | {"agent_name": "Bia", "services_text": "Limpeza; 200,00"}).status_code == 302
    assert client.post(SETTINGS, other | {"city": "Valinhos", "quiet_seconds": "9"}).status_code == 302
    now = saved()
    assert (now.agent_name, now.city, now.quiet_seconds) == ("Bia", "Valinhos", 9)
    assert now.services == [{"name": "Limpeza", "price_cents": 20000}]


def test_what_both_tabs_change_is_asked_about_and_saved_by_the_second_word(
    login: Login, ana: Membership, profile: SdrProfile
) -> None:
    client = login(ana)
    one, other = opened(client), opened(client)
    del one["enabled"]
    client.post(SETTINGS, one | {"agent_name": "Bia", "hours": "9h às 18h"})
    answer = client.post(SETTINGS, other | {"agent_name": "Lia", "city": "Valinhos"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Outra pessoa salvou estes ajustes" in page
    assert "Enquanto isso, outra pessoa salvou: “Bia”" in page
    shown = Form(page).values
    assert (shown["agent_name"], shown["city"], shown["hours"]) == ("Lia", "Valinhos", "9h às 18h")
    assert "enabled" not in shown
    assert (saved().agent_name, saved().city) == ("Bia", "Campinas")
    assert client.post(SETTINGS, shown).status_code == 302
    now = saved()
    assert (now.agent_name, now.city, now.hours, now.enabled) == ("Lia", "Valinhos", "9h às 18h", False)


def test_a_refused_form_still_knows_what_it_was_drawn_with(login: Login, ana: Membership, profile: SdrProfile) -> None:
    client = login(ana)
    one, other = opened(client), opened(client)
    client.post(SETTINGS, one | {"city": "Valinhos"})
    refused = client.post(SETTINGS, other | {"quiet_seconds": "500", "agent_name": "Lia"})
    assert refused.status_code == 422
    again = Form(refused.content.decode()).values | {"quiet_seconds": "7"}
    assert client.post(SETTINGS, again).status_code == 302
    assert (saved().city, saved().agent_name, saved().quiet_seconds) == ("Valinhos", "Lia", 7)


def test_an_answer_given_meanwhile_stays(login: Login, ana: Membership, profile: SdrProfile) -> None:
    client = login(ana)
    form = opened(client)
    update_profile(saved(), {"faq": [{"question": "Aceita Pix?", "answer": "Sim."}]})
    client.post(SETTINGS, form | {"city": "Valinhos"})
    assert saved().faq == [{"question": "Aceita Pix?", "answer": "Sim."}]


def test_a_page_that_was_drawn_without_marks_saves_what_was_typed(
    login: Login, ana: Membership, profile: SdrProfile
) -> None:
    client = login(ana)
    form = opened(client) | {"city": "Valinhos"}
    del form["marks"]
    assert client.post(SETTINGS, form).status_code == 302
    assert saved().city == "Valinhos"


CHANGES = [
    {"agent_name": "Bia"}, {"business_name": "Sorriso"}, {"segment": "Odontologia"}, {"city": "Valinhos"}, {"hours": "9h às 18h"},
    {"quiet_seconds": "9"}, {"max_wait_seconds": "50"}, {"max_messages": "12"}, {"area_text": "Centro"}, {"faq_text": "Pix? = Sim."},
]  # fmt: skip


def at_once(work: Callable[[int], int]) -> list[int]:
    """Do ten things in ten threads and return the ten statuses."""

    def one(number: int) -> int:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(one, range(10)))


@pytest.mark.django_db(transaction=True)
def test_ten_people_at_once_all_get_the_page(login: Login, ana: Membership, profile: SdrProfile) -> None:
    clients = [login(ana) for _ in range(10)]
    assert at_once(lambda number: clients[number].get(SETTINGS).status_code) == [200] * 10


@pytest.mark.django_db(transaction=True)
def test_ten_people_at_once_lose_no_change(login: Login, ana: Membership, profile: SdrProfile) -> None:
    clients = [login(ana) for _ in range(10)]
    forms = [opened(client) for client in clients]
    posted = at_once(lambda number: clients[number].post(SETTINGS, forms[number] | CHANGES[number]).status_code)
    assert posted == [302] * 10
    with activate_organization(ana.organization_id):
        now = opened(clients[0])
    assert all(now[name] == value for change in CHANGES for name, value in change.items())
