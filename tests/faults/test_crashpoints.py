"""A sender that dies at each crash point of the send path, under each kind of answer: nobody twice, nobody forgotten."""

import re
import signal
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.sender import engine
from campaigns.services import lifecycle
from gateways.models import Channel, ChannelState
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import Gateway, phone_of
from tests.faults.scene import REACHED, campaign_to, connect, finish, people, phones_in, revive
from tests.faults.senders import Senders, until
from tests.support.sockets import refused_url

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PEOPLE = 6
FAULTS = {
    "200": {},
    "429": {"p429": 1.0, "retry_after": 1.0},
    "503": {"p503": 1.0},
    "cut": {"cut": 1.0},
    "refused": {},
}  # fmt: skip
HEALTHY = {"p429": 0.0, "p503": 0.0, "cut": 0.0, "retry_after": 0.0}
EXPECTED_POINTS = {"send.claimed", "send.posting", "send.answered", "send.settling", "send.settled"}


def points_in_the_source() -> set[str]:
    """Return the names of the crash points, so that a new one cannot be forgotten here."""
    folder = Path(engine.__file__).parent
    return {name for path in folder.glob("*.py") for name in re.findall(r'crashpoint\("([^"]+)"\)', path.read_text())}


def test_the_crash_points_of_the_send_path_are_known() -> None:
    assert points_in_the_source() == EXPECTED_POINTS


@dataclass
class Scenario:
    """One death: where, under which answer, and whom the campaign was for."""

    point: str
    answer: str
    campaign: Campaign
    channel: Channel
    reached: int = 0

    @property
    def name(self) -> str:
        return f"{self.point} x {self.answer}"


def make_scenario(gateway: Gateway, number: int, point: str, answer: str) -> Scenario:
    url = refused_url() if answer == "refused" else gateway.url
    channel = connect(url, f"s{number}")
    return Scenario(point, answer, campaign_to(people(PEOPLE, first=100 * number), [channel], f"C{number}"), channel)


def die(scenario: Scenario, gateway: Gateway, senders: Senders) -> None:
    """Let a sender reach the point and die there; nothing else may be running meanwhile."""
    gateway.behave(**HEALTHY | FAULTS[scenario.answer])
    before = gateway.count()
    lifecycle.resume(scenario.campaign)
    sender = senders.start(crash_at=scenario.point, connections=3)
    until(lambda: not sender.is_alive(), f"the sender died at {scenario.name}")
    assert sender.status == -signal.SIGKILL, f"{scenario.name}: ended by itself"
    lifecycle.pause(Campaign.objects.get(pk=scenario.campaign.pk))
    scenario.reached = gateway.count() - before


def recover(scenarios: list[Scenario], gateway: Gateway, senders: Senders) -> None:
    """The gateway is well again, the heartbeat notices, and a new sender does the rest."""
    gateway.behave(**HEALTHY)
    for scenario in scenarios:
        channel = Channel.objects.get(pk=scenario.channel.pk)
        channel.config = {**channel.config, "base_url": gateway.url}
        channel.save()
    revive()
    assert not Channel.objects.exclude(state=ChannelState.CONNECTED).exists()
    for scenario in scenarios:
        lifecycle.resume(Campaign.objects.get(pk=scenario.campaign.pk))
    finish(senders, [scenario.campaign for scenario in scenarios])


def test_death_at_every_point_under_every_answer(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    cases = list(product(sorted(points_in_the_source()), FAULTS))
    gateway = make_gateway(*(f"s{number}" for number in range(len(cases))), latency_ms=5)
    scenarios = [make_scenario(gateway, number, *case) for number, case in enumerate(cases)]
    for scenario in scenarios:
        die(scenario, gateway, senders)
    stranded = {scenario.name: phones_in(scenario.campaign, "sending", "unknown") for scenario in scenarios}
    recover(scenarios, gateway, senders)

    assert len(scenarios) == 25
    assert gateway.twice() == []
    hits = gateway.hits()
    for scenario in scenarios:
        hit = {phone_of(line) for line in hits if line["session"] == scenario.channel.config["session"]}
        check_scenario(scenario, hit, stranded[scenario.name])
    print({scenario.name: scenario.reached for scenario in scenarios})
    # The deaths really came at different distances from the wire.
    reached = {scenario.name: scenario.reached for scenario in scenarios}
    assert reached["send.claimed x 200"] == reached["send.posting x 200"] == 0
    assert min(reached[f"{point} x 200"] for point in ("send.answered", "send.settling", "send.settled")) > 0
    assert min(reached[f"{point} x cut"] for point in ("send.answered", "send.settling", "send.settled")) > 0
    assert [
        name for name, count in reached.items() if count and name.split(" x ")[1] in {"429", "503", "refused"}
    ] == []


def check_scenario(scenario: Scenario, hit: set[str], stranded: set[str]) -> None:
    name, campaign = scenario.name, Campaign.objects.get(pk=scenario.campaign.pk)
    assert campaign.state == CampaignState.COMPLETED, name
    rows = Recipient.objects.filter(campaign=campaign)
    assert rows.count() == PEOPLE, name
    sent, unknown = phones_in(campaign, *REACHED), phones_in(campaign, RecipientState.UNKNOWN)
    assert len(sent) + len(unknown) == PEOPLE, (name, list(rows.values_list("state", "error_code")))
    assert sent <= hit <= sent | unknown, name
    assert unknown <= stranded, name
    assert campaign.sent_count == len(sent), name
