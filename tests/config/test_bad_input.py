"""Every form and every endpoint against what nobody should send: refused in words, never an error of ours, never half-written.

The forms are those of the pages themselves, found by walking the links of an owner's product, so a new page joins by
being linked; the endpoints are those of the API's own description.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote_from_bytes, urljoin

import pytest
from django.apps import apps
from django.conf import settings
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client

from accounts.models import User
from accounts.services.tokens import create_api_token
from config.api import api, plain_api
from config.isolation.walk import BACKEND
from config.isolation.world import World, build_world
from core.redis import redis_client, redis_key
from core.tenancy import activate_organization
from tests.support.hostile import BODIES, JSON_VALUES, JSON_WORST, NASTIEST, TEXTS, TYPES, Form, FormReader
from tests.support.places import ENDS_THE_SESSION, walk_pages

T = TypeVar("T")
pytestmark = pytest.mark.django_db
QUERY = re.compile(r"\bGET(?:\.get\(|\.getlist\(|\[)\"(\w+)\"")
THOROUGH = bool(os.environ.get("PROSA_THOROUGH"))
"""Every value in every field; without it the worst one everywhere and the others in turn, for the sake of the clock."""
SHORT = [value for value in TEXTS if len(value) < 5000]
LEFT_OUT = {"sessions.Session", "accounts.AuditEntry"}


@dataclass
class Walk:
    """An owner whose organization has one row of everything; each try is undone, failures are kept."""

    world: World
    client: Client
    token: str
    tries: int = 0
    failures: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    turn: int = 0
    stand: tuple[int, ...] = ()
    """How many rows each table has before every try: all of them are undone."""

    @property
    def told(self) -> str:
        return f"{len(self.failures)} of {self.tries}:\n" + "\n".join(self.failures[:60])

    def some(self, values: Sequence[T], count: int) -> Sequence[T]:
        """Return the first value, which is the worst, and then as many of the others as asked for, another few each time."""
        if THOROUGH:
            return values
        self.turn += count - 1
        others = values[1:]
        return [values[0], *(others[(self.turn + n) % len(others)] for n in range(count - 1))]

    def send(self, what: str, call: Callable[[], Any]) -> Any:
        """Make one request inside a savepoint that is rolled back; say what went wrong, if something did."""
        self.tries += 1
        self.raised.clear()
        session = session_of(self.client)
        forget_rates()
        self.stand = self.stand or rows()
        with transaction.atomic():
            answer = call()
            if answer.status_code >= 500:
                self.failures.append(f"{what} → {answer.status_code} {' '.join(self.raised)[:300]}")
            elif answer.status_code >= 400 and not connection.needs_rollback and rows() != self.stand:
                self.failures.append(f"{what} → {answer.status_code}, and rows were written")
            transaction.set_rollback(True)
        if session_of(self.client) != session:
            log_in(self.client, self.world.people["foreign_owner"])
        return answer


@pytest.fixture
def walk(settings: Any) -> Iterator[Walk]:
    world = build_world()
    user = world.people["foreign_owner"]
    with activate_organization(world.foreign["organization_id"]):  # type: ignore[arg-type]  # an id of an organization
        _row, token = create_api_token("hostil")
    walk = Walk(world, log_in(Client(raise_request_exception=False), user), token)

    def note(request: HttpRequest | None = None, **kwargs: Any) -> None:
        walk.raised.append(repr(sys.exc_info()[1]))

    got_request_exception.connect(note)
    yield walk
    got_request_exception.disconnect(note)


def log_in(client: Client, user: User) -> Client:
    client.cookies.clear()
    client.force_login(user, BACKEND)
    return client


def session_of(client: Client) -> str:
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    return cookie.value if cookie else ""


def forget_rates() -> None:
    client = redis_client()
    names = list(client.scan_iter(redis_key("*rate*"), count=1000))
    if names:
        client.delete(*names)


def rows() -> tuple[int, ...]:
    """Count the rows of every table of the product."""
    models = [m._meta for m in apps.get_models() if m._meta.managed and not m._meta.proxy]
    tables = [meta.db_table for meta in models if meta.label not in LEFT_OUT]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables))
        return tuple(cursor.fetchone())


def pages_and_forms(walk: Walk) -> tuple[set[str], list[Form]]:
    """Return the addresses of the product and its forms, each kind once."""
    addresses: set[str] = set()
    forms: dict[object, Form] = {}
    for address, status, html in walk_pages(walk.client, walk.world):
        if status != 405:
            addresses.add(address)
        reader = FormReader(address.split("?")[0])
        reader.feed(html)
        for form in reader.forms:
            form.action = urljoin(address, form.action)
            forms.setdefault((form.key, form.method), form)
    return addresses, [form for form in forms.values() if not form.action.startswith(ENDS_THE_SESSION)]


def test_no_form_breaks_on_hostile_values(walk: Walk) -> None:
    _pages, forms = pages_and_forms(walk)
    posts = [form for form in forms if form.method == "post"]
    assert len(posts) > 30, [form.action for form in posts]
    for form in posts:
        free = [name for name in form.values if name != "csrfmiddlewaretoken"]
        for value in walk.some(TEXTS, 3):
            post(walk, form, dict.fromkeys(free, value))
        for name in free if THOROUGH else free[:6]:
            for value in walk.some(NASTIEST, 1):
                post(walk, form, {name: value})
        for kind in walk.some(("application/json", "multipart/form-data; boundary=x"), 2):
            post(walk, form, {}, kind)
    assert not walk.failures, walk.told


def post(walk: Walk, form: Form, changed: dict[str, bytes], kind: str = "application/x-www-form-urlencoded") -> None:
    shown = {name: value[:40] for name, value in changed.items()}
    body = form.body(changed)
    walk.send(f"POST {form.action} {shown} {kind}", lambda: walk.client.post(form.action, body, content_type=kind))


def test_no_page_breaks_on_a_hostile_address(walk: Walk) -> None:
    pages, _forms = pages_and_forms(walk)
    names = parameters()
    for page in sorted(pages):
        for value in walk.some(SHORT, 3):
            query = "&".join(f"{name}={quote_from_bytes(value)}" for name in names)
            walk.send(f"GET {page} {value[:40]!r}", lambda p=page, q=query: walk.client.get(f"{p}?{q}"))  # type: ignore[misc]
    assert not walk.failures, walk.told


def parameters() -> list[str]:
    """Every name of a query that some view reads."""
    root = settings.BASE_DIR
    sources = [p for p in root.glob("*/**/*.py") if not {"tests", ".venv"} & set(p.relative_to(root).parts)]
    return sorted({name for path in sources for name in QUERY.findall(path.read_text())} | {"next", "lista", "days"})


def operations() -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    for description in (api.get_openapi_schema(), plain_api.get_openapi_schema()):
        for path, methods in description["paths"].items():
            for method, operation in methods.items():
                yield method, path, operation, description["components"]["schemas"]


def test_no_endpoint_breaks_on_hostile_json(walk: Walk) -> None:
    called = 0
    for method, path, operation, schemas in operations():
        content = operation.get("requestBody", {}).get("content", {})
        if method == "get" or "multipart/form-data" in content:
            continue
        called += 1
        address = fill(walk, path)
        good = sample(content.get("application/json", {}).get("schema", {}), schemas, walk)
        for body in bodies(good):
            call_api(walk, method, address, body, "application/json")
        for kind in TYPES:
            call_api(walk, method, address, json.dumps(good).encode(), kind)
    assert called > 10
    assert not walk.failures, walk.told


def test_no_endpoint_breaks_on_a_hostile_address(walk: Walk) -> None:
    for method, path, operation, _schemas in operations():
        names = [item["name"] for item in operation.get("parameters", []) if item["in"] == "query"]
        for value in walk.some(SHORT, 8):
            query = "&".join(f"{name}={quote_from_bytes(value)}" for name in names)
            address = PATH.sub(quote_from_bytes(value, safe=""), path) if PATH.search(path) else path
            if names:
                call_api(walk, method, f"{fill(walk, path)}?{query}", b"", "application/json")
            if address != path:
                call_api(walk, method, address, b"", "application/json")
    assert not walk.failures, walk.told


PATH = re.compile(r"{(\w+)}")


def fill(walk: Walk, path: str) -> str:
    return PATH.sub(lambda match: str(walk.world.foreign_id(match[1])), path)


def call_api(walk: Walk, method: str, address: str, body: bytes, kind: str) -> None:
    headers = {"Authorization": f"Bearer {walk.token}"}
    answer = walk.send(
        f"{method} {address} {body[:120]!r} {kind}",
        lambda: walk.client.generic(method.upper(), address, body, content_type=kind, headers=headers),
    )
    if 400 <= answer.status_code < 500 and not answer["Content-Type"].startswith("application/problem+json"):
        walk.failures.append(f"{method} {address} {body[:80]!r} → {answer.status_code} is no problem+json")


def sample(schema: dict[str, Any], schemas: dict[str, Any], walk: Walk) -> Any:
    """Return a body that fits a schema, with ids that exist."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, walk)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return sample(schema[several][0], schemas, walk)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(part, schemas, walk) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {}), schemas, walk)]
    if schema.get("format") == "uuid":
        return str(walk.world.foreign_id("list_id"))
    return {"integer": 1, "number": 1, "boolean": True, "null": None}.get(str(kind), "texto")


def bodies(good: Any) -> Iterator[bytes]:
    """Yield broken bodies, then the good one with each part replaced by each hostile value."""
    yield from BODIES
    if not isinstance(good, dict):
        return
    for name in good:
        for value in JSON_VALUES if THOROUGH else JSON_WORST:
            parts = [f"{json.dumps(key)}: {value if key == name else json.dumps(good[key])}" for key in good]
            yield f"{{{', '.join(parts)}}}".encode()
    for value in JSON_VALUES:
        yield f"{{{', '.join(f'{json.dumps(key)}: {value}' for key in good)}}}".encode()
