"""The inbox and its search at size, beside one look-up by primary key and beside a scan without indexes.

Fifty organizations share two million messages, a fifth of them in the largest one. Everything is written to copies of
the tables, with their indexes, in a schema of its own that is dropped at the end.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from conversations.models import Conversation
from conversations.queries import inbox
from conversations.search import HITS, conversations_with, searchable
from core.ids import uuid7
from core.pagination import keyset_page
from core.tenancy import activate_organization, current_organization_id
from core.text import fold

ROUNDS: Final = 3
CALLS: Final = 100
PAGE: Final = 25
FAR_PAGE: Final = 400
ORGANIZATIONS: Final = 50
SMALL: Final = 20
EACH: Final = 10
GOALS: Final = {"to_limit": 4.0, "far_page": 1.3, "search_p95_ms": 10.0, "scan_to_search": 100.0}
AT_LEAST: Final = {"scan_to_search"}
SCANS: Final = 5
SCHEMA: Final = "prosa_bench_inbox"
TABLES: Final = ("leads_contact", "conversations_conversation", "conversations_message")

SETTINGS: Final = {"statement_timeout": "0", "maintenance_work_mem": "'512MB'", "synchronous_commit": "off"}
Measure = Callable[[], object]

_SCAN: Final = """
SELECT conversation_id FROM conversations_message WHERE organization_id = %s AND search @@ %s::tsquery ORDER BY at DESC LIMIT %s
"""


def run(size: int = 2_000_000) -> dict[str, Any]:
    """Measure medians and 95th percentiles in milliseconds over ``size`` messages."""
    with _copied_tables():
        started = time.perf_counter()
        organizations, words = _seed(size)
        seeded = time.perf_counter() - started
        big, small = organizations[0], organizations[min(SMALL, len(organizations)) - 1]
        far = _far_cursor(big)
        rounds = [_round(big, small, far, words) for _ in range(ROUNDS)]
        figures = {name: round(statistics.median(r[name] for r in rounds), 3) for name in rounds[0]}
        figures |= _sizes() | {"seconds_to_seed": round(seeded)}
    return _report(size, figures)


def _report(size: int, figures: dict[str, float]) -> dict[str, Any]:
    worst = max(value for name, value in figures.items() if name.startswith("search_") and name.endswith("_p95_ms"))
    slowest = max(figures[f"search_{kind}_big_ms"] for kind in ("rare", "middling", "common"))
    ratios = {
        "to_limit": round(figures["first_page_p95_ms"] / figures["primary_key_p95_ms"], 2),
        "far_page": round(figures["far_page_ms"] / figures["first_page_ms"], 2),
        "scan_to_search": round(figures["scan_ms"] / slowest, 1),
    }
    reached = ratios | {"search_p95_ms": worst}
    met = {name: reached[name] >= goal if name in AT_LEAST else reached[name] <= goal for name, goal in GOALS.items()}
    return {
        "size": size, "runs": ROUNDS, "figures": figures | {"search_p95_ms": worst}, "ratios": ratios, "goals": GOALS,
        "reached": met, "met": all(met.values()),
    }  # fmt: skip


# ---- What is measured ------------------------------------------------------------------------------------------------


def _round(big: UUID, small: UUID, far: str | None, words: dict[str, list[str]]) -> dict[str, float]:
    """Take all measures in turns, so that a busy moment of the machine meets all of them."""
    with activate_organization(big):
        one = Conversation.objects.values_list("pk", flat=True).first()
    measures: dict[str, tuple[UUID, Measure]] = {
        "primary_key": (big, lambda: Conversation.objects.get(pk=one)),
        "first_page": (big, lambda: _page(None)),
        "far_page": (big, lambda: _page(far)),
        "whole_search": (big, _each(words["middling"], _search_page)),
    }
    for kind, queries in words.items():
        for name, organization in (("big", big), ("small", small)):
            measures[f"search_{kind}_{name}"] = (organization, _each(queries, conversations_with))
    taken = _in_turns(measures, CALLS) | _in_turns({"scan": (big, _each(words["middling"], _scan))}, SCANS)
    figures = {f"{name}_ms": statistics.median(values) for name, values in taken.items()}
    return figures | {f"{name}_p95_ms": _p95(values) for name, values in taken.items()}


def _each(queries: list[str], search: Callable[[str], object]) -> Measure:
    """Return a measure that takes the next of the queries each time."""
    turn = cycle(queries)
    return lambda: search(next(turn))


def _page(cursor: str | None) -> object:
    return keyset_page(inbox("open", member=None), order="-last_message_at", cursor=cursor, size=PAGE).items


def _search_page(query: str) -> object:
    rows = inbox("open", member=None, search=query)
    return keyset_page(rows, order="-last_message_at", cursor=None, size=PAGE).items


@transaction.atomic
def _scan(word: str) -> None:
    """Find the newest messages with a word without any index."""
    organization = current_organization_id()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(_SCAN, [organization, f"{searchable(organization, word)}:*", HITS])


def _in_turns(measures: dict[str, tuple[UUID, Measure]], calls: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(calls):
        for name, (organization, measure) in measures.items():
            with activate_organization(organization):
                started = time.perf_counter()
                measure()
                taken[name].append((time.perf_counter() - started) * 1000)
    return taken


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


# ---- Fifty organizations that talk --------------------------------------------------------------------------------------


VOCABULARY: Final = 20_000
TEXTS: Final = 20_000
WORDS_EACH: Final = 8
SYLLABLES: Final = ("ba", "cê", "di", "fó", "gu", "lã", "me", "ni", "pó", "qui", "ra", "sé", "ti", "vo", "xa", "zu")

_TEXTS: Final = "CREATE TEMP TABLE said (number int PRIMARY KEY, body text, words text)"
_ORGANIZATIONS: Final = "CREATE TEMP TABLE tenant (id uuid PRIMARY KEY, key text, threads int)"
_CONTACTS: Final = r"""
INSERT INTO leads_contact (id, organization_id, name, phone, phone_key, search, created_at, updated_at)
SELECT gen_random_uuid(), tenant.id, name, phone, phone, name || ' ' || phone, now(), now()
FROM tenant, generate_series(1, threads) AS n JOIN said ON said.number = n %% %(texts)s,
     LATERAL (SELECT substring(said.words FROM '\w+ \w+') AS name, '+55119' || lpad(n::text, 8, '0') AS phone) AS person
"""
_THREADS: Final = """
INSERT INTO conversations_conversation
  (id, organization_id, contact_id, channel_id, status, created_at, last_message_at, last_message_preview)
SELECT gen_random_uuid(), organization_id, id, organization_id, CASE WHEN random() < 0.35 THEN 'open' ELSE 'closed' END,
       now(), now() - random() * interval '300 days', 'Quero saber o valor'
FROM leads_contact
"""
# In the order of time, as they come: neighbours in time are neighbours on disk.
_MESSAGES: Final = """
INSERT INTO conversations_message
  (id, organization_id, conversation_id, channel_id, direction, origin, body, state, at, created_at, search)
SELECT gen_random_uuid(), one.organization_id, one.id, one.channel_id, 'in', 'customer', said.body || ' ' || one.number,
       'received', one.at, one.at,
       array_to_tsvector(string_to_array(one.key || replace(said.words || ' ' || one.number, ' ', ' ' || one.key), ' '))
FROM (
  SELECT thread.*, tenant.key, (random() * (%(texts)s - 1))::int AS text, (random() * 1000000)::int AS number,
         last_message_at - n * interval '37 minutes' AS at
  FROM conversations_conversation AS thread JOIN tenant ON tenant.id = organization_id, generate_series(1, %(each)s) AS n
) AS one JOIN said ON said.number = one.text ORDER BY one.at
"""


def _seed(size: int) -> tuple[list[UUID], dict[str, list[str]]]:
    """Fill the tables; return the organizations, the largest first, and words to search for by how common they are."""
    chance = random.Random(20)  # noqa: S311  # the same texts each time
    words = _vocabulary(chance)
    organizations = [uuid7() for _ in range(ORGANIZATIONS)]
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS)
        with cursor.copy("COPY said FROM STDIN") as copy:
            for number in range(TEXTS):
                body = " ".join(words[_rank(chance)] for _ in range(WORDS_EACH))
                copy.write_row((number, body, fold(body)))
        cursor.execute(_ORGANIZATIONS)
        with cursor.copy("COPY tenant FROM STDIN") as copy:
            for organization, threads in zip(organizations, _shares(size // EACH), strict=True):
                copy.write_row((organization, searchable(organization, "x")[:-1], threads))
        for statement in (_CONTACTS, _THREADS, _MESSAGES):
            cursor.execute(statement, {"texts": TEXTS, "each": EACH})
        _build_indexes(cursor)
    return organizations, _queries(words)


def _vocabulary(chance: random.Random) -> list[str]:
    """Return words that differ also where accents do not count, the most common first."""
    made: dict[str, str] = {}
    while len(made) < VOCABULARY:
        word = "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 5)))
        made.setdefault(fold(word), word)
    return list(made.values())


def _rank(chance: random.Random) -> int:
    """Return the place of a word by Zipf's law: the second is half as common as the first."""
    return int(VOCABULARY ** chance.random()) - 1


def _shares(threads: int) -> list[int]:
    """Share threads out: a fifth to the first organization, to the others ever fewer."""
    weights = [1 / number for number in range(2, ORGANIZATIONS + 1)]
    return [threads // 5, *(max(1, int(threads * 0.8 * weight / sum(weights))) for weight in weights)]


def _queries(words: list[str]) -> dict[str, list[str]]:
    """Return queries by kind: words in a third, in a hundredth and in a ten thousandth of the messages, and mixtures."""
    common, middling, rare = words[1:4], words[70:80], words[8_000:8_010]
    return {
        "rare": rare,
        "middling": middling,
        "common": common,
        "two": [f"{one} {other}" for one, other in zip(common * 3, middling, strict=False)],
        "unfinished": [word[:-1] for word in middling],
        "absent": ["clareamento"],
    }


# ---- Tables of its own ---------------------------------------------------------------------------------------------------


@contextmanager
def _copied_tables() -> Iterator[None]:
    """Put empty copies of the tables, still without indexes, in front of the real ones for this connection."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        try:
            for table in TABLES:
                cursor.execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING DEFAULTS)")
            cursor.execute(f"SET search_path = {SCHEMA}, public")
            for name, value in SETTINGS.items():
                cursor.execute(f"SET {name} = {value}")
            yield
        finally:
            for name in ("search_path", *SETTINGS):
                cursor.execute(f"RESET {name}")
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; DROP TABLE IF EXISTS said, tenant")


def _build_indexes(cursor: Any) -> None:
    cursor.execute(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s)", [list(TABLES)]
    )
    for (definition,) in cursor.fetchall():
        cursor.execute(definition.replace(" ON public.", f" ON {SCHEMA}."))
    cursor.execute("VACUUM ANALYZE " + ", ".join(f"{SCHEMA}.{table}" for table in TABLES))


def _far_cursor(organization: UUID) -> str | None:
    cursor = None
    with activate_organization(organization):
        for _ in range(FAR_PAGE - 1):
            page = keyset_page(inbox("open", member=None), order="-last_message_at", cursor=cursor, size=PAGE)
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
    return cursor


def _sizes() -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM conversations_message")
        messages = cursor.fetchone()[0]
        cursor.execute(
            "SELECT pg_table_size(oid) >> 20, pg_indexes_size(oid) >> 20 FROM pg_class WHERE oid = %s::regclass",
            ["conversations_message"],
        )
        table, indexes = cursor.fetchone()
    return {"messages": messages, "table_mb": table, "indexes_mb": indexes}
