"""The inbox at size: the first page and a far one, beside one look-up by primary key on the same connection."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from accounts.models import Organization
from conversations.models import Conversation
from conversations.queries import inbox
from conversations.search import conversations_with
from core.pagination import keyset_page
from core.tenancy import activate_organization
from gateways.models import Channel

ROUNDS = 3
CALLS = 200
PAGE = 25
WORDS = ("clareamento", "implante", "sábado")

_SEED_CONTACTS = """
INSERT INTO leads_contact (id, organization_id, name, phone, phone_key, created_at, updated_at)
SELECT gen_random_uuid(), %(organization)s, 'Pessoa ' || n, '+55119' || lpad(n::text, 8, '0'), '+55119' || lpad(n::text, 8, '0'),
       now(), now()
FROM generate_series(1, %(size)s) AS n
"""
_SEED_THREADS = """
INSERT INTO conversations_conversation
  (id, organization_id, contact_id, channel_id, status, created_at, last_message_at, last_message_preview)
SELECT gen_random_uuid(), %(organization)s, contact.id, %(channel)s, CASE WHEN random() < 0.35 THEN 'open' ELSE 'closed' END, now(),
       now() - random() * interval '90 days', 'Quero saber o valor'
FROM leads_contact AS contact WHERE contact.organization_id = %(organization)s
"""
_SEED_MESSAGES = """
INSERT INTO conversations_message
  (id, organization_id, conversation_id, channel_id, direction, origin, body, state, at, created_at, search)
SELECT gen_random_uuid(), %(organization)s, thread.id, %(channel)s, 'in', 'customer', words.body, 'received',
       thread.last_message_at - n * interval '1 hour', now(), to_tsvector('simple', %(lexeme)s || ' ' || words.body)
FROM conversations_conversation AS thread
CROSS JOIN generate_series(1, %(each)s) AS n
CROSS JOIN LATERAL (SELECT (ARRAY['quero clareamento', 'quanto custa o implante', 'pode ser sabado', 'obrigada', 'bom dia'])
  [1 + (random() * 4)::int] AS body WHERE n > 0) AS words
WHERE thread.organization_id = %(organization)s
"""


def run(size: int = 40_000) -> dict[str, Any]:
    """Seed ``size`` conversations with five messages each and measure medians and 95th percentiles in milliseconds."""
    organization = Organization.objects.create(name="Bench")
    with activate_organization(organization.pk):
        channel = Channel.objects.create(provider="simulator", name="Bench")
        _seed(organization, channel, size)
        rounds = [_round() for _ in range(ROUNDS)]
    figures = {name: round(statistics.median(r[name] for r in rounds), 3) for name in rounds[0]}
    ratios = {
        "to_limit": round(figures["first_page_p95_ms"] / figures["primary_key_p95_ms"], 2),
        "far_page": round(figures["far_page_ms"] / figures["first_page_ms"], 2),
    }
    goals = {"to_limit": 4.0, "far_page": 1.3, "search_p95_ms": 10.0}
    met = (
        ratios["to_limit"] <= goals["to_limit"]
        and ratios["far_page"] <= goals["far_page"]
        and figures["search_p95_ms"] <= goals["search_p95_ms"]
    )
    organization.delete()
    return {"size": size, "runs": ROUNDS, "figures": figures, "ratios": ratios, "goals": goals, "met": met}


def _seed(organization: Organization, channel: Channel, size: int) -> None:
    values: dict[str, Any] = {
        "organization": organization.pk, "channel": channel.pk, "size": size, "each": 5, "lexeme": f"org{organization.pk.hex}",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for statement in (_SEED_CONTACTS, _SEED_THREADS, _SEED_MESSAGES):
            cursor.execute(statement, values)
        cursor.execute("ANALYZE")


def _round() -> dict[str, float]:
    one = Conversation.objects.values_list("pk", flat=True).first()
    rows = inbox("open", member=None)
    cursor = _cursor_after(rows, 200)
    key = _timed(lambda: Conversation.objects.get(pk=one))
    first = _timed(lambda: keyset_page(rows.all(), order="-last_message_at", cursor=None, size=PAGE).items)
    far = _timed(lambda: keyset_page(rows.all(), order="-last_message_at", cursor=cursor, size=PAGE).items)
    search = _timed(lambda: [conversations_with(word, 25) for word in WORDS], calls=CALLS // 4)
    return {
        "primary_key_ms": _median(key), "primary_key_p95_ms": _p95(key), "first_page_ms": _median(first),
        "first_page_p95_ms": _p95(first), "far_page_ms": _median(far), "far_page_p95_ms": _p95(far),
        "search_ms": _median(search) / len(WORDS), "search_p95_ms": _p95(search) / len(WORDS),
    }  # fmt: skip


def _cursor_after(rows: Any, pages: int) -> str | None:
    cursor = None
    for _ in range(pages):
        page = keyset_page(rows.all(), order="-last_message_at", cursor=cursor, size=PAGE)
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    return cursor


def _timed(call: Callable[[], Any], calls: int = CALLS) -> list[float]:
    found = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        found.append((time.perf_counter() - started) * 1000)
    return found


def _median(values: list[float]) -> float:
    return statistics.median(values)


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
