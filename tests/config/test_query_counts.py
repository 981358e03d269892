"""The number of queries of a page says what it shows, never how many rows there are of it: every page and list is asked."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_url_caches, path

from accounts.models import Membership, Organization
from accounts.services.tokens import create_api_token
from config import urls
from config.isolation.inventory import Kind, kind_of
from config.isolation.walk import PARAMETER, routes
from config.schedule import RECURRING
from core.tenancy import activate_organization
from leads.models import ListMembership
from tests.support.crowd import Crowd
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db

FEW, MORE = 2, 8
ASKED = {Kind.MEMBER, Kind.API, Kind.PERSON}
# What a page is asked beside its path, where that shows other rows or takes another way to them.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "leads/": ("q=contato", "lista={list_id}", "temperatura=quente"),
    "conversas/": ("q=ola", "pasta=minhas", "pasta=todas", "pasta=encerradas"),
    "inicio/": ("p=1", "p=90"),
    "campanhas/": ("selecionar=1", "arquivo=1"),
    "campanhas/<uuid:campaign_id>/": (
        "situacao=failed", "situacao=failed&motivo=131026", "situacao=replied", "situacao=pending", "situacao=skipped", "por=variante",
        "por=numero", "por=hora", "plano=1",
    ),
    "campanhas/nova/": ("copiar={campaign_id}", "lista={list_id}"),
    "agenda/": ("dia=2026-12-07&visao=dia", "dia=2026-12-07&visao=semana"),
    "processos/": ("q=saga", "estado=running"),
    "cobrancas/": ("q=pagador", "estado=open"),
}  # fmt: skip
WORDS = {"provider": "simulator", "action": "pause", "token": "x"}


@dataclass(frozen=True)
class Answer:
    status: int
    statements: list[str]


def addresses(crowd: Crowd) -> Iterator[str]:
    """Return every address that a member can read, filled with the first row of each kind."""
    for route in sorted(set(routes())):
        names = {match["name"] for match in PARAMETER.finditer(route)}
        if kind_of(route, settings.ADMIN_PATH) not in ASKED or names - WORDS.keys() - crowd.first.keys():
            continue  # what the crowd has no row of cannot grow either; a new kind of row belongs into the crowd
        for first in (crowd.first, crowd.first | {"campaign_id": crowd.first["series_id"]}):
            if first is crowd.first or "campaign_id" in names:  # a series is a campaign with pages of its own kind
                yield from _asked(route, WORDS | first)


def _asked(route: str, values: dict[str, Any]) -> Iterator[str]:
    filled = "/" + PARAMETER.sub(lambda match: str(values[match["name"]]), route)
    for question in ("", *QUESTIONS.get(route, ())):
        yield filled + ("?" + question.format(**values) if question else "")


def ask(client: Client, address: str, *, warm: bool = False) -> Answer:
    """Ask and count; at the first time twice, so that what is read once per process is not counted."""
    if not warm:
        client.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
        if answer.streaming:
            b"".join(answer.streaming_content)  # type: ignore[arg-type]
    return Answer(answer.status_code, [query["sql"] for query in captured.captured_queries])


def ask_all(clients: dict[bool, Client], wanted: Iterable[str], *, warm: bool = False) -> dict[str, Answer]:
    return {address: ask(clients[address.startswith("/api/")], address, warm=warm) for address in wanted}


@pytest.fixture
def clients(ana: Membership, in_acme: Organization, login: object) -> dict[bool, Client]:
    """Who asks: Ana's browser, and her program for what begins with /api/."""
    _row, token = create_api_token("Programa")
    return {False: login(ana), True: Client(headers={"Authorization": f"Bearer {token}"})}  # type: ignore[operator]


def growth(few: dict[str, Answer], many: dict[str, Answer]) -> dict[str, list[str]]:
    """Return, by address, the statements that came more often when there was more."""
    found = {}
    for address, after in many.items():
        before = few[address]
        if len(after.statements) > len(before.statements):
            shapes = Counter(shape(one) for one in after.statements) - Counter(shape(one) for one in before.statements)
            found[address] = [f"{count} × {one}" for one, count in shapes.most_common(3)]
    return found


def shape(statement: str) -> str:
    """Return the statement without what its columns and values say."""
    return statement.partition(" FROM ")[2].partition(" WHERE ")[0] or statement[:80]


def test_no_page_and_no_list_asks_more_when_there_is_more(clients: dict[bool, Client], ana: Membership) -> None:
    crowd = Crowd(ana)
    crowd.grow(FEW)
    few = ask_all(clients, addresses(crowd))
    assert {address: answer.status for address, answer in few.items() if answer.status >= 500} == {}
    read = [address for address, answer in few.items() if answer.status == 200]
    crowd.grow(MORE)
    many = ask_all(clients, read, warm=True)

    assert len(read) >= 70
    assert growth(few, many) == {}
    too_many = {
        address: len(many[address].statements) for address in read if len(many[address].statements) > most(address)
    }
    assert too_many == {}


def most(address: str) -> int:
    """The form of a campaign says what it will do as its page does, and all that may be chosen besides."""
    return 54 if address.startswith("/campanhas/") and ("/editar/" in address or "copiar=" in address) else 50


def greedy(request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(row.contact.name for row in ListMembership.objects.all()))


def test_a_page_that_asks_for_each_row_is_found(
    clients: dict[bool, Client], ana: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urls, "urlpatterns", [path("leads/cada-um/", greedy), *urls.urlpatterns])
    clear_url_caches()
    crowd = Crowd(ana)
    crowd.grow(FEW)
    few = {"/leads/cada-um/": ask(clients[False], "/leads/cada-um/")}
    crowd.grow(MORE)
    many = {"/leads/cada-um/": ask(clients[False], "/leads/cada-um/")}
    clear_url_caches()
    assert list(growth(few, many)) == ["/leads/cada-um/"]


# ---- Jobs -----------------------------------------------------------------------------------------------------------


# Asks why each running campaign waits, which is for the campaigns at work and not for their rows.
ONE_BY_ONE = {"watch_campaigns"}
# What keeps the work of one campaign apart from that of the next asks nothing.
FRAMES = ("SAVEPOINT", "RELEASE SAVEPOINT")


def sweep_all(crowd: Crowd) -> dict[str, Answer]:
    """Run all recurring work twice, outside any organization as cron does, and count at the second time."""
    found = {}
    for recurring in RECURRING:
        name = recurring.job.function.__name__
        recurring.job()
        drain()
        with CaptureQueriesContext(connection) as captured:
            recurring.job()
        found[name] = Answer(
            200, [sql for query in captured.captured_queries if not (sql := query["sql"]).startswith(FRAMES)]
        )
    return found


def test_recurring_work_with_nothing_due_asks_the_same_however_much_there_is(
    ana: Membership, acme: Organization
) -> None:
    with activate_organization(acme.pk):
        crowd = Crowd(ana)
        crowd.grow(FEW)
    few = sweep_all(crowd)
    with activate_organization(acme.pk):
        crowd.grow(MORE)
    grown = growth(few, sweep_all(crowd))
    assert {name: shapes for name, shapes in grown.items() if name not in ONE_BY_ONE} == {}
