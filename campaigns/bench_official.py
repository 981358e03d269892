"""Four official numbers of one business at 80 messages a second each, against Meta's own limit and wrk's in the same run.

The fake Graph API refuses what is above 80 a second and number, as Meta does. Every message is an approved template with
the person's name in it, claimed, counted against the business's limit of people and committed before its request.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from accounts.models import Organization
from billing.services import start_subscription
from campaigns.bench import Bench, bench_process, cpu_seconds, free_port, wait_until_sent, worker
from campaigns.models import Campaign, Recipient
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState, MessageTemplate, PortfolioContact, TemplateStatus
from gateways.portfolios import belongs_to
from leads.models import ContactList, ListMembership

ROUNDS: Final = 3
NUMBERS: Final = 4
RATE: Final = 80
"""Meta's throughput of a number in messages a second (protocol 4.7)."""
LATENCY_MS: Final = 20
WRK_SECONDS: Final = 3
PEOPLE_LIMIT: Final = 100_000
LIST_SIZE: Final = 4_800
WORDS: Final = "Oi {nome|cliente}! Aqui é da clínica. Quer que eu veja um horário para você?"
TEMPLATE: Final = "Oi {{1}}! Aqui é da clínica. Quer que eu veja um horário para você?"
GOALS: Final = {
    "to_limit": 0.95,
    "slowest_number": 0.93,
    "refused": 0,
    "duplicates": 0,
    "missing": 0,
    "not_templates": 0,
}
AT_MOST: Final = {"refused", "duplicates", "missing", "not_templates"}


def run(size: int = LIST_SIZE) -> dict[str, Any]:
    """Return ``figures``, ``ratios``, ``goals`` and whether all were ``met``; needs ``wrk`` for what the server could take."""
    load = os.getloadavg()[0]
    organization = Organization.objects.create(name="Bench")
    start_subscription(organization, plan_code="enterprise")
    try:
        with ExitStack() as stack, activate_organization(organization.pk):
            bench = stack.enter_context(_open(organization, size))
            rounds = [_round(bench) for _ in range(ROUNDS)]
    finally:
        Organization.objects.filter(pk=organization.pk).delete()
    return _report(size, rounds, load)


class OfficialBench(Bench):
    """Official numbers of one business, each with its approved template."""

    def _channel(self, number: int) -> Channel:
        channel = Channel(
            organization=self.organization, provider="cloud", name=f"Bench {number}", state=ChannelState.CONNECTED,
            message_limit=PEOPLE_LIMIT,
        )  # fmt: skip
        ids = {"phone_number_id": f"100{number}", "waba_id": "2100000001"}
        channel.config = {**ids, "token": "bench-token", "app_secret": "bench-secret", "base_url": self.gateway}
        channel.save()
        belongs_to(channel, "7700000001")
        MessageTemplate.objects.create(channel=channel, name="convite", body=TEMPLATE, status=TemplateStatus.APPROVED)
        return channel

    def campaign(self, count: int, gap_ms: int = 0) -> Campaign:
        """Return a paused campaign with a frozen audience, in the pace that the provider has by itself."""
        self.empty()
        PortfolioContact.objects.all().delete()
        contact_list: ContactList = ContactList.objects.create(name="Bench", size=count)
        ListMembership.objects.bulk_create(
            ListMembership(
                organization=self.organization, contact_list=contact_list, contact=contact, row_number=number
            )
            for number, contact in enumerate(self.contacts[:count])
        )
        campaign = lifecycle.create_campaign(
            name="Bench", list_ids=[contact_list.pk], channel_ids=[channel.pk for channel in self.channels],
            variants=[VariantDraft(WORDS)],
        )  # fmt: skip
        lifecycle.start(campaign)
        lifecycle.build_if_missing(campaign.pk)
        return lifecycle.pause(campaign)


@contextmanager
def _open(organization: Organization, size: int) -> Iterator[OfficialBench]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, port = Path(name), free_port()
        command = [
            "-m",
            "tests.support.fast_graph",
            "--port",
            str(port),
            "--rate",
            str(RATE),
            "--latency-ms",
            str(LATENCY_MS),
        ]
        stack.enter_context(bench_process([*command, "--history", str(folder / "history.jsonl")], wait_for="http"))
        yield OfficialBench(organization, size, folder, f"http://127.0.0.1:{port}", NUMBERS)


def _round(bench: OfficialBench) -> dict[str, float]:
    figures = {"server_per_s": _server(bench)}
    campaign, since = bench.campaign(bench.size), bench.position()
    with ExitStack() as stack:
        workers = [stack.enter_context(worker()) for _ in range(NUMBERS)]
        cpu = sum(cpu_seconds(one.pid) for one in workers)
        lifecycle.resume(campaign)
        wait_until_sent(campaign, seconds=120 + bench.size / RATE)
        cpu = sum(cpu_seconds(one.pid) for one in workers) - cpu
    taken = [one for one in bench.sends(since) if one["taken"]]
    refused = len(bench.sends(since)) - len(taken)
    assert Recipient.objects.filter(campaign=campaign, state="sent").count() == len(taken)
    return figures | _judge(taken, bench.size) | {"refused": refused, "cpu_ms_per_message": cpu * 1_000 / len(taken)}


def _judge(taken: Sequence[dict[str, Any]], size: int) -> dict[str, float]:
    """Return the rates at the wire while all numbers were busy, and whether everybody got the message once."""
    moments: dict[str, list[float]] = defaultdict(list)
    for one in taken:
        moments[one["from"]].append(one["at"])
    end = min(max(found) for found in moments.values())
    rates = [_rate([at for at in found if at <= end]) for found in moments.values()]
    return {
        "mps": sum(rates), "slowest_number_per_s": min(rates), "fullest_second": max(map(_fullest, moments.values())),
        "duplicates": len(taken) - len({one["to"] for one in taken}), "missing": size - len({one["to"] for one in taken}),
        "not_templates": sum(one["kind"] != "template" for one in taken), "numbers": len(moments),
    }  # fmt: skip


def _rate(moments: Sequence[float]) -> float:
    return (len(moments) - 1) / (moments[-1] - moments[0]) if len(moments) > 1 else 0.0


def _fullest(moments: Sequence[float]) -> int:
    most = left = 0
    for index, moment in enumerate(moments):
        while moments[left] <= moment - 1:
            left += 1
        most = max(most, index - left + 1)
    return most


def _server(bench: OfficialBench) -> float:
    """Return what a Graph server without Meta's limit takes from wrk in a second, over as many connections."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("install wrk: it measures what the server could take")
    body = {"messaging_product": "whatsapp", "to": "5511988887777", "type": "template", "template": {"name": "convite"}}
    script = bench.folder / "post.lua"
    script.write_text(f"wrk.method = 'POST'\nwrk.body = [[{json.dumps(body)}]]\n")
    port = free_port()
    command = ["-m", "tests.support.fast_graph", "--port", str(port), "--rate", "0", "--latency-ms", str(LATENCY_MS)]
    with bench_process([*command, "--history", "/dev/null"], wait_for="http"):
        url = f"http://127.0.0.1:{port}/v23.0/1000/messages"
        asked = [wrk, "-t2", "-c64", f"-d{WRK_SECONDS}s", "-s", str(script), url]
        output = subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None:
        raise RuntimeError(output)
    return float(found[1])


def _report(size: int, rounds: list[dict[str, float]], load: float) -> dict[str, Any]:
    figures = {name: round(statistics.median(one[name] for one in rounds), 3) for name in rounds[0]}
    for name in AT_MOST:
        figures[name] = sum(one[name] for one in rounds)
    limit = NUMBERS * RATE
    ratios = {
        "to_limit": round(figures["mps"] / limit, 3),
        "slowest_number": round(figures["slowest_number_per_s"] / RATE, 3),
    }
    reached = figures | ratios
    missed = [
        name for name, goal in GOALS.items() if (reached[name] > goal if name in AT_MOST else reached[name] < goal)
    ]
    figures |= {"limit_per_s": limit, "messages": size, "rounds": len(rounds), "load_average": round(load, 2)}
    return {"figures": figures, "ratios": ratios, "goals": GOALS, "missed_goals": missed, "met": not missed}
