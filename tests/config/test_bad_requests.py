"""What comes with a request and nobody meant: headers and cookies of any bytes, and sessions that ended in between."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from config.isolation.inventory import Kind, kind_of
from config.isolation.walk import BACKEND, PARAMETER, routes
from config.isolation.world import World, build_world
from core.ids import uuid7

pytestmark = pytest.mark.django_db
Login = Callable[..., Client]

HEADERS: dict[str, dict[str, str]] = {
    "NUL in the session": {"Cookie": rf'{settings.SESSION_COOKIE_NAME}="aaaaaaaaaaaa\000bbb"'},
    "session beyond any length": {"Cookie": f"{settings.SESSION_COOKIE_NAME}=" + "x" * 5000},
    "session that is none": {"Cookie": f"{settings.SESSION_COOKIE_NAME}=;;;===\xff"},
    "NUL in every cookie": {
        "Cookie": rf'{settings.CSRF_COOKIE_NAME}="a\000b"; django_language="x\000"; messages="\000"; prosa_language="\000"'
    },
    "messages of no signature": {"Cookie": "messages=" + "e" * 400},
    "page that is no address": {"HX-Request": "true", "HX-Current-URL": "http://[::1"},
    "page with NUL": {"HX-Request": "true", "HX-Current-URL": "\x00javascript:alert(1)"},
    "page elsewhere": {"HX-Request": "true", "HX-Current-URL": "https://evil.example/conta/"},
    "languages without end": {"Accept-Language": "x" * 3000},
    "another host": {"Host": "evil.example"},
    "host that is none": {"Host": "[::1"},
    "forwarded for nobody": {"X-Forwarded-For": "a\x00b, ,"},
    "referrer that is none": {"Referer": "http://[::1"},
    "ranges": {"Range": "bytes=" + "9-" * 500},
    "dates": {"If-Modified-Since": "x", "If-None-Match": "\xff"},
    "accepts nonsense": {"Accept": "\xff/;q=x"},
    "token of NUL": {"Authorization": "Bearer \x00"},
    "token without end": {"Authorization": "Bearer " + "x" * 9000},
    "basic": {"Authorization": "Basic %%%"},
}
PATHS = ["/", "/inicio/", "/leads/", "/conta/login/", "/api/dashboard/overview", "/api/v1/contacts", "/nada/"]


@pytest.mark.parametrize("case", HEADERS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_header_is_an_error_of_ours(case: str, method: str) -> None:
    for path in PATHS:
        answer = getattr(Client(raise_request_exception=False), method)(path, headers=HEADERS[case])
        assert answer.status_code < 500, path
        assert "evil.example" not in answer.headers.get("Location", "") + answer.headers.get("HX-Redirect", "")


@pytest.mark.parametrize("method", ["trace", "options", "put", "patch", "delete", "head"])
def test_no_method_is_an_error_of_ours(method: str, ana: Membership, login: Login) -> None:
    browser = login(ana)
    browser.raise_request_exception = False
    for path in [*PATHS, "/agenda/", "/conversas/", "/campanhas/nova/", "/minha-conta/"]:
        assert getattr(browser, method)(path).status_code < 500, path


@pytest.fixture
def world() -> World:
    return build_world()


def addresses(world: World) -> list[str]:
    names = {name: str(value) for name, value in world.foreign.items()} | world.words
    return [
        "/" + PARAMETER.sub(lambda match: names.get(match["name"], str(uuid7())), route)
        for route in sorted(set(routes()))
        if kind_of(route, settings.ADMIN_PATH) in {Kind.MEMBER, Kind.PERSON}
    ]


def test_after_the_session_ended_every_page_leads_to_log_in_and_back(world: World) -> None:
    visitor = Client()
    for address in addresses(world):
        answer = visitor.get(address)
        if answer.status_code == 405:
            continue
        target = urlsplit(answer.headers["Location"])
        assert (answer.status_code, target.path) == (302, reverse("account_login")), address
        assert parse_qs(target.query)["next"] == [address]


def test_after_the_session_ended_a_fragment_leads_the_whole_page_to_log_in_and_back(world: World) -> None:
    visitor = Client(headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/conversas/?pasta=mine"})
    for address in addresses(world):
        for method in ("get", "post"):
            answer = getattr(visitor, method)(address)
            if answer.status_code == 405:
                continue
            target = urlsplit(answer.headers["HX-Redirect"])
            assert (answer.status_code, target.path) == (200, reverse("account_login")), address
            assert parse_qs(target.query)["next"] == ["/conversas/?pasta=mine"]


def test_after_the_session_ended_a_form_leads_to_log_in_and_then_to_a_page(world: World) -> None:
    visitor, member = Client(), Client()
    member.force_login(world.people["foreign_owner"], BACKEND)
    for address in addresses(world):
        answer = visitor.post(address, {"name": "x"}, headers={"Referer": "http://testserver/leads/"})
        if answer.status_code == 405:
            continue
        target = urlsplit(answer.headers["Location"])
        assert (answer.status_code, target.path) == (302, reverse("account_login")), address
        back = parse_qs(target.query)["next"][0]
        assert member.get(back).status_code in {200, 302}, (address, back)
