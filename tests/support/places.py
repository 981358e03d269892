"""Where a browser of the product can get: every page, found by the routes and then by the links of the pages themselves."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.test import Client

from config.isolation.inventory import Kind, kind_of
from config.isolation.walk import PARAMETER, routes
from config.isolation.world import World

ENDS_THE_SESSION = ("/conta/logout/", "/idioma/")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_PAGES = {Kind.PUBLIC, Kind.PERSON, Kind.MEMBER}


class _Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        if tag == "a" and address.startswith(("/", "?")):
            self.found.add(address)


def kind_of_address(address: str) -> str:
    """Return what pages of one kind have in common: the path without its ids."""
    return _ID.sub("<id>", urlsplit(address).path)


def beginnings(world: World) -> list[str]:
    """Return an address for each route that people open, with the ids of the second organization of the world."""
    names = {name: str(value) for name, value in world.foreign.items()} | world.words | {"provider": "waha"}
    return [
        "/" + PARAMETER.sub(lambda match: names.get(match["name"], "x"), route)
        for route in sorted(set(routes()))
        if kind_of(route, settings.ADMIN_PATH) in _PAGES and "(" not in route
    ]


def walk_pages(client: Client, world: World) -> Iterator[tuple[str, int, str]]:
    """Yield (address, status, html) once per kind of address; html is empty where the answer is no page."""
    waiting, seen = beginnings(world), set()
    for address in waiting:
        if kind_of_address(address) in seen or address.startswith(
            (*ENDS_THE_SESSION, "/api/", f"/{settings.ADMIN_PATH}")
        ):
            continue
        seen.add(kind_of_address(address))
        answer = client.get(address)
        is_page = answer.status_code == 200 and "html" in answer["Content-Type"] and not answer.streaming
        html = answer.content.decode() if is_page else ""
        waiting += [urlsplit(urljoin(address, link)).path for link in sorted(_Links(html).found)]
        yield address, answer.status_code, html
