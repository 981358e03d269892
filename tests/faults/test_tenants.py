"""Three organizations at once on one sender: each gets on all the time, and nobody's message leaves through another's number."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Campaign
from campaigns.queries import stats
from campaigns.services import lifecycle
from core.tenancy import activate_organization
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import phone_of
from tests.faults.scene import REACHED, campaign_to, connect, finish, people, phones_in
from tests.faults.senders import Senders

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

SIZES = {"grande": 330, "media": 85, "pequena": 85}
WINDOW = 36


@pytest.mark.parametrize("gap_ms", [0, 20], ids=["as-fast-as-the-gateway", "paced"])
def test_each_of_three_organizations_gets_on_in_every_window(
    make_organization: Callable[..., Organization], senders: Senders, make_gateway: MakeGateway, gap_ms: int
) -> None:
    gateway = make_gateway(*SIZES, latency_ms=60)
    owners = {name: make_organization(name) for name in SIZES}
    campaigns: dict[str, Campaign] = {}
    # The great one comes first in every order that there is.
    for number, (name, size) in enumerate(SIZES.items()):
        with activate_organization(owners[name].pk):
            channels = [connect(gateway, name, gap_ms=gap_ms)]
            campaigns[name] = campaign_to(people(size, first=1_000 * number), channels, name)
    for name, campaign in campaigns.items():
        with activate_organization(owners[name].pk):
            lifecycle.resume(campaign)
    finish(senders, list(campaigns.values()), connections=6)

    hits = gateway.hits()
    assert Counter(hit["session"] for hit in hits) == SIZES
    assert gateway.twice() == []
    begun = max(min(n for n, hit in enumerate(hits) if hit["session"] == name) for name in SIZES)
    shares = shares_by_window(hits[begun:])
    print(begun, shares)
    assert begun < WINDOW * 2, "somebody's start waited for the others' end"
    assert len(shares) >= 3
    assert [share for share in shares if min(share.values()) < 3] == []
    last = {name: max(n for n, hit in enumerate(hits) if hit["session"] == name) for name in SIZES}
    assert max(last["media"], last["pequena"]) < len(hits) * 0.75
    for name, campaign in campaigns.items():
        with activate_organization(owners[name].pk):
            assert_its_own(campaign, [hit for hit in hits if hit["session"] == name], SIZES[name])


def shares_by_window(hits: list[dict[str, Any]]) -> list[dict[str, int]]:
    """Return how many of each window's messages were whose, of those who had work left after it.

    A window is a number of messages, not of seconds: so the shares say the same on a slow machine.
    """
    shares = []
    for start in range(0, len(hits), WINDOW):
        waiting = {hit["session"] for hit in hits[start + WINDOW :]}
        if waiting == set(SIZES):
            found = Counter(hit["session"] for hit in hits[start : start + WINDOW])
            shares.append({name: found[name] for name in waiting})
    return shares


def assert_its_own(campaign: Campaign, hits: list[dict[str, Any]], size: int) -> None:
    """What the number of one organization sent are the messages of that organization, and all of them."""
    assert {phone_of(hit) for hit in hits} == phones_in(campaign, *REACHED)
    sent = dict(campaign.recipients.values_list("external_id", "phone"))
    assert {hit["id"]: phone_of(hit) for hit in hits} == sent
    assert set(campaign.recipients.values_list("channel__organization", flat=True)) == {campaign.organization_id}
    assert stats(campaign).sent == len(hits) == size
