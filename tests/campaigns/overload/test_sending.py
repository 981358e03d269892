"""The real sender while numbers of the reserve help: whatever happens to them, everybody is written to once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, CampaignChannel
from campaigns.overload.reserve import call
from campaigns.overload.scene import read_scene
from campaigns.services import lifecycle
from campaigns.services.standby import send_back_helpers
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent, ChannelState
from tests.campaigns.sending import Provider, all_done, install, send_until

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, FIRST = 60, 20


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    return install(monkeypatch)


@pytest.fixture
def helped(in_acme: Organization, make_campaign: Any, make_channel: Any) -> Campaign:
    """A campaign that a number and one of the reserve send together."""
    main, reserve = make_channel("Recepção", gap_ms=60), make_channel("Reserva", gap_ms=60, role="standby")
    campaign: Campaign = lifecycle.start(make_campaign(PEOPLE, channels=[main]))
    call([campaign.pk], read_scene(now()), [reserve])
    return campaign


def then(provider: Provider, campaign: Campaign, change: Callable[[], object]) -> Callable[[], bool]:
    """Make a change in the middle of the sending, once; say when it is over."""
    made: list[bool] = []

    def is_over() -> bool:
        if len(provider.sent) >= FIRST and not made:
            made.append(True)
            with activate_organization(campaign.organization_id):
                change()
        return bool(made) and all_done()

    return is_over


def everybody_once(campaign: Campaign, provider: Provider) -> None:
    assert Counter(campaign.recipients.values_list("state", "attempts")) == {("sent", 1): PEOPLE}
    assert Counter(Counter(provider.phones).values()) == {1: PEOPLE}


def numbers(campaign: Campaign) -> set[str]:
    return set(campaign.recipients.values_list("channel__name", flat=True))


def test_both_send_and_nobody_twice(helped: Campaign, provider: Provider) -> None:
    send_until()
    everybody_once(helped, provider)
    assert numbers(helped) == {"Recepção", "Reserva"}


def test_a_number_that_is_sent_back_while_it_sends_ends_what_it_began(helped: Campaign, provider: Provider) -> None:
    send_until(then(provider, helped, send_back_helpers))
    everybody_once(helped, provider)
    assert numbers(helped) == {"Recepção", "Reserva"}
    link = CampaignChannel.objects.get(channel__name="Reserva")
    assert (link.took_over_at, link.helps_since) == (None, None)
    kinds = ChannelEvent.objects.filter(channel=link.channel_id).order_by("at", "pk")
    assert list(kinds.values_list("kind", flat=True)) == ["helps", "stepped_back"]


def test_a_number_that_is_banned_while_it_helps_loses_nobody(helped: Campaign, provider: Provider) -> None:
    def ban() -> None:
        Channel.objects.filter(name="Reserva").update(state=ChannelState.RESTRICTED, state_at=now())

    send_until(then(provider, helped, ban))
    everybody_once(helped, provider)


def test_when_the_own_number_is_banned_the_helper_goes_on(helped: Campaign, provider: Provider) -> None:
    def ban() -> None:
        Channel.objects.filter(name="Recepção").update(state=ChannelState.RESTRICTED, state_at=now())

    send_until(then(provider, helped, ban))
    everybody_once(helped, provider)
    assert "Reserva" in numbers(helped)


def test_what_was_sent_back_sends_nothing_more(helped: Campaign, provider: Provider) -> None:
    send_until(lambda: len(provider.sent) >= FIRST)
    send_back_helpers()
    before = helped.recipients.filter(channel__name="Reserva", state="sent").count()
    send_until()
    everybody_once(helped, provider)
    assert helped.recipients.filter(channel__name="Reserva").count() == before
