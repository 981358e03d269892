"""A campaign of a million: how long its audience takes, how much memory, and whether its pages stay as quick as a small one's.

The audience is built beside the same number of ready rows that the database copies into an equal table by one statement, and
each page and each piece of it is asked in turns with the same of a campaign of a thousand. A tenth answered; of those a third
was qualified, some paid, and the model was called three times for each. What a page says is of a moment ago there
(:mod:`core.snapshots`), so what the job behind it takes is measured by itself.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from accounts.services.organizations import create_organization
from accounts.services.tokens import create_api_token
from billing.models import Plan, Subscription
from campaigns.models import Campaign, Recipient
from campaigns.results.cells import count_deeds
from campaigns.results.lines import WAYS
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft, create_campaign
from campaigns.services.tallying import fold
from core.ids import uuid7
from core.pagination import keyset_page
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState
from leads.models import ContactList

SMALL: Final = 1_000
CALLS: Final = 12
NUMBERS: Final = 4
EXPORTED: Final = 20_000
GOALS: Final = {
    "audience_to_limit": 0.5, "memory_mb": 50.0, "page_p95_ms": 200.0, "piece_p95_ms": 200.0, "dashboard_p95_ms": 200.0,
    "export_start_ms": 1_000.0, "export_memory_mb": 50.0,
}  # fmt: skip
PIECES: Final = (
    "report", "by_variant", "by_number", "by_hour", "promise", "hours", "recipients", "failed", "reason", "no_reason", "replied",
    "deep",
)  # fmt: skip
AT_LEAST: Final = {"audience_to_limit"}
COPY: Final = "prosa_bench_recipient"

_CONTACTS: Final = """
INSERT INTO leads_contact (id, organization_id, name, phone, phone_key, search, attributes, created_at, updated_at)
SELECT gen_random_uuid(), %(organization)s, 'Pessoa ' || n, '+55119' || lpad(n::text, 8, '0'), '+55119' || lpad(n::text, 8, '0'),
       'pessoa ' || n, jsonb_build_object('cidade', 'Campinas'), now(), now()
FROM generate_series(%(first)s::int, %(last)s::int) AS n
"""
_MEMBERS: Final = """
INSERT INTO leads_listmembership (id, organization_id, contact_list_id, contact_id, row_number)
SELECT gen_random_uuid(), organization_id, %(list)s, id, substring(name FROM 8)::int FROM leads_contact
WHERE organization_id = %(organization)s AND substring(name FROM 8)::int BETWEEN %(first)s AND %(last)s
"""
_KEYS = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'campaigns_recipient'::regclass AND contype = 'f'"
# As after some days: most were read, some failed, a tenth is still in line.
_SENT: Final = """
UPDATE campaigns_recipient SET
  state = (ARRAY['queued', 'sent', 'delivered', 'delivered', 'read', 'read', 'read', 'read', 'read', 'failed'])[1 + position %% 10],
  error_code = CASE WHEN position %% 10 = 9 THEN '131026' ELSE '' END, channel_id = (%(channels)s::uuid[])[1 + position %% 4],
  sent_at = now() - position * interval '10 milliseconds',
  replied_at = CASE WHEN position %% 10 = 5 THEN now() - position * interval '5 milliseconds' END
WHERE campaign_id = %(campaign)s
"""
_FOLLOWED: Final = (
    """
INSERT INTO sdr_qualification (id, organization_id, contact_id, status, facts, breakdown, score, temperature, sentiment, bot_messages,
  handoff_reason, unanswered, started_at, updated_at, qualified_at)
SELECT gen_random_uuid(), organization_id, contact_id, 'qualified', '{}', '{}', position %% 120,
  (ARRAY['quente', 'morno', 'frio', 'muito_frio'])[1 + position %% 4], '', 3, '', '[]', replied_at, replied_at,
  replied_at + interval '5 minutes'
FROM campaigns_recipient WHERE campaign_id = %(campaign)s AND replied_at IS NOT NULL AND position %% 3 = 0
""",
    """
UPDATE leads_contact c SET temperature = q.temperature FROM sdr_qualification q
WHERE q.contact_id = c.id AND q.organization_id = %(organization)s
""",
    """
WITH talks AS (
  INSERT INTO conversations_conversation (id, organization_id, contact_id, channel_id, status, created_at, last_message_at)
  SELECT gen_random_uuid(), organization_id, contact_id, channel_id, 'closed', replied_at, replied_at
  FROM campaigns_recipient WHERE campaign_id = %(campaign)s AND replied_at IS NOT NULL RETURNING id, organization_id, created_at
)
INSERT INTO sdr_modelcall (id, organization_id, task, provider, model, prompt_version, input_tokens, output_tokens, cost_micros,
  latency_ms, error, at, conversation_ref)
SELECT gen_random_uuid(), organization_id, 'reply', 'local', 'local', '1', 100, 50, 1200, 300, '',
  created_at + n * interval '1 minute', id FROM talks, generate_series(1, 3) AS n
""",
    """
WITH paid AS (
  INSERT INTO billing_charge (id, organization_id, payer_name, payer_phone, payer_email, payer_document, amount_cents, currency,
    description, method, state, problem, public_token, search, pix_code, session_number, refund_number, received_cents,
    refunded_cents, look_taken, look_used, created_at, expires_at, confirmation, paid_at)
  SELECT id, organization_id, 'Pessoa', '', '', '', 15000, 'BRL', 'Consulta', 'card_link', 'paid', '', id::text, '', '', 0, 0, 15000,
    0, 0, 0, replied_at, replied_at + interval '1 day', 'stripe', replied_at + interval '1 hour'
  FROM campaigns_recipient WHERE campaign_id = %(campaign)s AND replied_at IS NOT NULL AND position %% 20 = 5 RETURNING id
)
INSERT INTO bookings_chargelink (id, organization_id, charge_id, contact_id, created_at)
SELECT gen_random_uuid(), r.organization_id, r.id, r.contact_id, now() FROM paid JOIN campaigns_recipient r USING (id)
""",
)


def run(size: int = 1_000_000) -> dict[str, Any]:
    """Return ``figures`` (seconds, MB, milliseconds), ``ratios``, ``goals`` and whether all were ``met``."""
    call_command("collectstatic", interactive=False, verbosity=0)
    owner = _owner()
    with activate_organization(owner.organization_id), _without_timeout():
        channels = [_channel(owner, number) for number in range(NUMBERS)]
        large, figures = _built(size, 0, channels)
        limit = _copied(large)
        small, _figures = _built(SMALL, size, channels)
        for campaign in (large, small):
            _as_after_days(campaign, channels)
        counted = _seconds(lambda: count_deeds(large))
        pages = _asked(owner, large, small) | _exported(owner, large)
    return _report(size, figures | {"limit_seconds": limit, "count_again_seconds": counted} | pages)


def _report(size: int, figures: dict[str, float]) -> dict[str, Any]:
    ratios = {
        "audience_to_limit": round(figures["limit_seconds"] / figures["audience_seconds"], 3),
        "page_to_small": round(figures["page_p95_ms"] / figures["small_page_p95_ms"], 2),
    }
    figures["piece_p95_ms"] = max(figures[f"{name}_p95_ms"] for name in PIECES)
    reached = figures | ratios
    missed = [
        name for name, goal in GOALS.items() if (reached[name] < goal if name in AT_LEAST else reached[name] > goal)
    ]
    rounded = {name: round(value, 2) for name, value in figures.items()}
    return {
        "figures": {"recipients": size, **rounded},
        "ratios": ratios,
        "goals": GOALS,
        "missed": missed,
        "met": not missed,
    }


# ---- What is there --------------------------------------------------------------------------------------------------


def _owner() -> Membership:
    user = User.objects.create_user(f"bench-{uuid7().hex}@example.com", None, name="Bench")
    owner = create_organization("Bench", owner=user)
    Subscription.objects.filter(organization=owner.organization).update(plan=Plan.objects.get(code="enterprise"))
    return owner


def _channel(owner: Membership, number: int) -> Channel:
    channel = Channel(
        organization=owner.organization, provider="simulator", name=f"Bench {number}", state=ChannelState.CONNECTED
    )
    channel.config = {}
    channel.save()
    return channel


@contextmanager
def _without_timeout() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        try:
            yield
        finally:
            cursor.execute("RESET statement_timeout")


def _built(size: int, after: int, channels: list[Channel]) -> tuple[Campaign, dict[str, float]]:
    """Return a campaign to so many new people, and what its audience took."""
    contact_list = ContactList.objects.create(name=f"Bench {size}", size=size)
    values = {
        "organization": contact_list.organization_id, "list": contact_list.pk, "first": after + 1, "last": after + size,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in (_CONTACTS, _MEMBERS):
            cursor.execute(statement, values)
        cursor.execute("ANALYZE leads_contact, leads_listmembership")
    campaign = create_campaign(
        name="Bench", list_ids=[contact_list.pk], channel_ids=[channel.pk for channel in channels],
        variants=[VariantDraft("Oi, {nome|tudo bem}! Tem horário em {cidade} esta semana."), VariantDraft("{nome}, posso ajudar?")],
    )  # fmt: skip
    before, started = _peak_mb(), time.perf_counter()
    lifecycle.start(campaign)
    lifecycle.build_if_missing(campaign.pk)
    seconds = time.perf_counter() - started
    campaign.refresh_from_db()
    if campaign.total != size:
        raise RuntimeError(f"{campaign.total} instead of {size} receive the campaign")
    lifecycle.pause(campaign)
    return campaign, {"audience_seconds": seconds, "memory_mb": _peak_mb() - before}


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _copied(campaign: Campaign) -> float:
    """Return the seconds in which the database writes as many ready rows into an equal table, its keys to others included."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {COPY} (LIKE campaigns_recipient INCLUDING ALL)")
        try:
            cursor.execute(_KEYS)
            for (key,) in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {COPY} ADD {key}")
            started = time.perf_counter()
            cursor.execute(
                f"INSERT INTO {COPY} SELECT * FROM campaigns_recipient WHERE campaign_id = %s",
                [campaign.pk],
            )
            return time.perf_counter() - started
        finally:
            cursor.execute(f"DROP TABLE {COPY}")


def _as_after_days(campaign: Campaign, channels: list[Channel]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SENT, {"campaign": campaign.pk, "channels": [channel.pk for channel in channels]})
        for statement in _FOLLOWED:
            cursor.execute(statement, {"campaign": campaign.pk, "organization": campaign.organization_id})
        cursor.execute(
            "UPDATE campaigns_campaign SET started_at = now() - interval '3 days' WHERE id = %s", [campaign.pk]
        )
        cursor.execute("VACUUM ANALYZE")
    fold(1)


# ---- What is asked --------------------------------------------------------------------------------------------------


def _asked(owner: Membership, large: Campaign, small: Campaign) -> dict[str, float]:
    """Ask each page of both campaigns in turns; return the 95th percentiles in milliseconds."""
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(owner.user, "django.contrib.auth.backends.ModelBackend")
    _row, token = create_api_token("bench")
    program = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})
    taken: dict[str, list[float]] = {}
    for number in range(CALLS + 1):
        for name, campaign in (("", large), ("small_", small)):
            for page, client, address, target in _pages(browser, program, campaign):
                headers = {"HX-Request": "true", "HX-Target": target} if target else {}
                started = time.perf_counter()
                answer = client.get(address, headers=headers)
                milliseconds = (time.perf_counter() - started) * 1_000
                if answer.status_code != 200:
                    raise RuntimeError(f"{address} answered {answer.status_code}")
                if number:  # the first warms up
                    taken.setdefault(f"{name}{page}", []).append(milliseconds)
    p95 = {f"{name}_p95_ms": sorted(values)[int(len(values) * 0.95)] for name, values in taken.items()}
    medians = {f"{name}_ms": statistics.median(values) for name, values in taken.items()}
    return p95 | medians


def _pages(browser: Client, program: Client, campaign: Campaign) -> list[tuple[str, Client, str, str]]:
    """Return what is asked: (name, who asks, address, the piece of the page or '' for all of it)."""
    report = reverse("campaigns:campaign", args=[campaign.pk])
    rows = Recipient.objects.filter(campaign=campaign)
    last = rows.filter(position=campaign.total // 2).get()
    deep = keyset_page(
        rows.filter(position__gte=campaign.total // 2), order="position", cursor=None, size=1
    ).next_cursor
    api = f"/api/v1/campaigns/{campaign.pk}"
    return [
        ("page", browser, report, ""),
        ("report", browser, report, "report"),
        *((f"by_{name}", browser, f"{report}?por={way}", "results") for name, way in zip(("variant", "number", "hour"), WAYS, strict=True)),
        ("promise", browser, f"{report}?plano=1", "promise"),
        ("hours", browser, reverse("campaigns:campaign-hours", args=[campaign.pk]), "heat"),
        ("recipients", browser, report, "recipients"),
        ("failed", browser, f"{report}?situacao=failed", "recipients"),
        ("reason", browser, f"{report}?situacao=failed&motivo=131026", "recipients"),
        ("no_reason", browser, f"{report}?situacao=failed&motivo=no_answer", "recipients"),
        ("replied", browser, f"{report}?situacao=replied", "recipients"),
        ("deep", browser, f"{report}?cursor={deep}", "recipients"),
        ("contact", browser, reverse("leads:contact", args=[last.contact_id]), ""),
        ("list", browser, reverse("campaigns:list"), ""),
        ("dashboard", browser, reverse("reports:dashboard"), ""),
        ("api_stats", program, f"{api}/stats", ""),
        ("api_recipients", program, f"{api}/recipients?limit=100", ""),
    ]  # fmt: skip


def _exported(owner: Membership, campaign: Campaign) -> dict[str, float]:
    """Return when the first byte of all recipients comes, how many come a second, and the memory that some thousands take."""
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(owner.user, "django.contrib.auth.backends.ModelBackend")
    before, started = _peak_mb(), time.perf_counter()
    answer: Any = browser.get(reverse("campaigns:export-csv", args=[campaign.pk]))
    content = iter(answer.streaming_content)
    next(content)
    begun, rows = time.perf_counter(), 0
    while rows < min(EXPORTED, campaign.total):
        rows += next(content).count(b"\n")
    seconds = time.perf_counter() - begun
    return {
        "export_start_ms": (begun - started) * 1_000, "export_rows_per_s": rows / seconds, "export_memory_mb": _peak_mb() - before,
    }  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
