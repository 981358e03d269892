"""The proof: all routes × methods × actors, foreign ids against ids that never were, and no foreign word in any answer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from config.isolation.inventory import Kind, kind_of
from config.isolation.world import CANARY, World
from core.ids import uuid7

METHODS = ("get", "post", "put", "patch", "delete")
PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass
class Report:
    routes: int = 0
    tries: int = 0
    failures: list[str] = field(default_factory=list)


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """Return every route of the URLconf as a pattern with its parameters."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route.replace("^", "").replace("$", "").replace("\\Z", "")


def prove(world: World) -> Report:
    """Try everything; the report names what answered wrongly."""
    report = Report()
    actors = _actors(world)
    for route in sorted(set(routes())):
        kind = kind_of(route, settings.ADMIN_PATH)
        report.routes += 1
        if kind is None:
            report.failures.append(f"not in the inventory: {route}")
            continue
        if kind is Kind.STAFF:
            _staff(report, route, actors)
        elif "<" in route or kind in {Kind.MEMBER, Kind.API, Kind.PERSON}:
            _try(report, route, kind, world, actors)
    return report


def _actors(world: World) -> dict[str, Client]:
    actors = {"anonymous": Client(raise_request_exception=False)}
    for name, user in world.people.items():
        client = Client(raise_request_exception=False)
        client.force_login(user, BACKEND)
        actors[name] = client
    actors["token"] = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {world.token}"})
    return actors


def _staff(report: Report, route: str, actors: dict[str, Client]) -> None:
    if "(" in route or "<" in route:
        return
    for name in ("anonymous", "viewer", "agent", "owner", "foreign_owner"):
        report.tries += 1
        answer = actors[name].get(f"/{route}")
        allowed = answer.status_code == 200 and "login" in route
        if answer.status_code == 200 and not allowed and "i18n" not in route:
            report.failures.append(f"admin open for {name}: {route}")


def _try(report: Report, route: str, kind: Kind, world: World, actors: dict[str, Client]) -> None:
    names = [match["name"] for match in PARAMETER.finditer(route)]
    absent = _fill(route, dict.fromkeys(names, uuid7()), world)
    foreign = _fill(route, {name: world.foreign_id(name) for name in names}, world)
    for actor, client in actors.items():
        for method in METHODS:
            report.tries += 1
            answer = getattr(client, method)(absent)
            if kind is not Kind.PUBLIC and actor == "anonymous" and answer.status_code < 300:
                report.failures.append(f"open to visitors: {method} {route} → {answer.status_code}")
            if answer.status_code >= 500:
                report.failures.append(f"{actor} {method} {route} → {answer.status_code}")
            if not names or actor in {"anonymous", "foreign_owner", "staff"} or kind is Kind.PUBLIC:
                continue
            report.tries += 1
            other = getattr(client, method)(foreign)
            if other.status_code != answer.status_code:
                report.failures.append(
                    f"{actor} {method} {route}: foreign {other.status_code}, absent {answer.status_code}"
                )
            if CANARY.encode() in _content(other):
                report.failures.append(f"{actor} {method} {route}: the answer holds another organization's data")


def _content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def _fill(route: str, ids: Mapping[str, UUID | int], world: World) -> str:
    def value(match: re.Match[str]) -> str:
        if match["converter"] in {"uuid", None} and match["name"].endswith("_id"):
            return str(ids[match["name"]])
        return world.words.get(match["name"], "x")

    return "/" + PARAMETER.sub(value, route)
