"""A campaign of a million: how long its audience takes, how much memory, and whether its pages stay as quick as a small one's.

The audience is built beside the same number of ready rows that the database copies into an equal table by one statement, and
each page is asked in turns with the same page of a campaign of a thousand.
"""

import resource
import statistics
import sys
import time
from collections.abc import Iterator
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
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft, create_campaign
from core.ids import uuid7
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState
from leads.models import ContactList

SMALL: Final = 1_000
CALLS: Final = 12
NUMBERS: Final = 4
GOALS: Final = {"audience_to_limit": 0.5, "memory_mb": 50.0, "page_p95_ms": 200.0}
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
        pages = _asked(owner, large, small)
    return _report(size, figures | {"limit_seconds": limit} | pages)


def _report(size: int, figures: dict[str, float]) -> dict[str, Any]:
    ratios = {
        "audience_to_limit": round(figures["limit_seconds"] / figures["audience_seconds"], 3),
        "page_to_small": round(figures["page_p95_ms"] / figures["small_page_p95_ms"], 2),
    }
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
        cursor.execute("VACUUM ANALYZE campaigns_recipient")


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
            for page, client, address in _pages(browser, program, campaign):
                started = time.perf_counter()
                answer = client.get(address)
                milliseconds = (time.perf_counter() - started) * 1_000
                if answer.status_code != 200:
                    raise RuntimeError(f"{address} answered {answer.status_code}")
                if number:  # the first warms up
                    taken.setdefault(f"{name}{page}", []).append(milliseconds)
    p95 = {f"{name}_p95_ms": sorted(values)[int(len(values) * 0.95)] for name, values in taken.items()}
    medians = {f"{name}_ms": statistics.median(values) for name, values in taken.items()}
    return p95 | medians


def _pages(browser: Client, program: Client, campaign: Campaign) -> list[tuple[str, Client, str]]:
    report = reverse("campaigns:campaign", args=[campaign.pk])
    last = Recipient.objects.filter(campaign=campaign, position=campaign.total // 2).get()
    api = f"/api/v1/campaigns/{campaign.pk}"
    return [
        ("page", browser, report),
        ("failed", browser, f"{report}?situacao=failed"),
        ("contact", browser, reverse("leads:contact", args=[last.contact_id])),
        ("list", browser, reverse("campaigns:list")),
        ("dashboard", browser, reverse("reports:dashboard")),
        ("api_stats", program, f"{api}/stats"),
        ("api_recipients", program, f"{api}/recipients?limit=100"),
    ]
