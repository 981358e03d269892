"""A sequence whose senders and crons die anywhere: each step reaches each person once, in order, by the same number."""

from collections import Counter
from datetime import timedelta

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.sequences.advance import advance_sequences
from campaigns.sequences.steps import StepDraft, save_steps
from campaigns.services import lifecycle
from campaigns.services.sweeps import sweep_sending
from core.tenancy import across_organizations
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import phone_of
from tests.faults.scene import REACHED, campaign_to, connect, in_flight, people, revive
from tests.faults.senders import Senders, until

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PEOPLE = 24
STEPS = (2, 3)
POINTS = ("send.claimed", "send.posting", "send.answered", "send.settling", "send.settled")


def sequence_to(count: int, gateway_url: object, names: tuple[str, ...]) -> Campaign:
    """Return a paused campaign of three steps to people through several numbers."""
    channels = [connect(gateway_url, name) for name in names]  # type: ignore[arg-type]
    campaign = campaign_to(people(count), channels)
    return save_steps(campaign, [StepDraft(1, [f"Etapa {step}"], "hours") for step in STEPS], ("replied",))


def make_due(campaign: Campaign) -> None:
    """Let the wait of everybody who got a message be over, and their next step begin."""
    Recipient.objects.filter(campaign=campaign, leads_on=True, state__in=REACHED).update(
        sent_at=campaign.started_at - timedelta(hours=2)
    )
    advance_sequences()


def quiet(campaign: Campaign) -> bool:
    with across_organizations():
        sweep_sending()
        revive()
        return not Recipient.objects.filter(campaign=campaign, state__in=["queued", "sending"]).exists()


def test_senders_that_die_at_every_point_send_each_step_once(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("um", "dois", latency_ms=5)
    campaign = sequence_to(PEOPLE, gateway, ("um", "dois"))
    campaign = lifecycle.resume(Campaign.objects.get(pk=campaign.pk))
    for step in (1, *STEPS):
        for point in POINTS:
            sender = senders.start(crash_at=point, connections=3)
            until(lambda: not sender.is_alive() or not_waiting(campaign), f"step {step}: a death at {point}")  # noqa: B023
            sender.kill()
        # The claims of the dead lapse: what they may have sent is in doubt, and a person says that it arrived.
        Recipient.objects.filter(campaign=campaign, state="sending").update(lease_until=campaign.started_at)
        sender = senders.start()
        until(lambda: quiet(campaign), f"step {step} is through")
        sender.stop()
        lifecycle.confirm_all_unknown(campaign, "sent")
        make_due(campaign)
    until(lambda: ended(campaign), "the sequence has ended")

    texts = Counter((phone_of(hit), hit["text"]) for hit in gateway.hits())
    assert set(texts.values()) == {1}
    assert in_flight(campaign) == set()
    for step in (1, *STEPS):
        assert Recipient.objects.filter(campaign=campaign, step=step, state__in=REACHED).count() == PEOPLE
    numbers = {}
    for contact, channel in Recipient.objects.filter(campaign=campaign).values_list("contact_id", "channel_id"):
        numbers.setdefault(contact, set()).add(channel)
    assert {len(used) for used in numbers.values()} == {1}


def not_waiting(campaign: Campaign) -> bool:
    return not Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED).exists()


def ended(campaign: Campaign) -> bool:
    with across_organizations():
        sweep_sending()
        return bool(Campaign.objects.get(pk=campaign.pk).state == CampaignState.COMPLETED)
