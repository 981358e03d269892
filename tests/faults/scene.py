"""Numbers, people and campaigns of a fault test, made in bulk, and what the database says of them afterwards."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.sender.claims import Claimed, Wish, claim
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft, create_campaign
from core.clock import now
from core.phones import match_key
from core.tenancy import across_organizations, current_organization_id
from gateways.leases import Lease
from gateways.models import Channel, ChannelState
from gateways.services.health import check_channels
from leads.models import Contact, ContactList, ListMembership
from tests.faults.gateway import Gateway
from tests.faults.senders import Senders, until
from tests.gateways.conftest import KEY
from tests.support.jobs import drain

ALL_DAY = time(0, 0)
OPEN = (RecipientState.QUEUED, RecipientState.SENDING)
REACHED = (RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ)


def connect(gateway: Gateway | str, session: str, *, gap_ms: int = 0, **values: Any) -> Channel:
    """Return a connected WAHA number of the active organization without quiet hours or a cap that a test would reach."""
    channel = Channel(
        organization_id=current_organization_id(), provider="waha", name=session, state=ChannelState.CONNECTED,
        state_at=datetime.now(UTC), connected_at=datetime(2026, 1, 1, tzinfo=UTC), min_gap_ms=gap_ms, max_gap_ms=gap_ms,
        quiet_start=ALL_DAY, quiet_end=ALL_DAY, daily_limit=100_000, warm_up=False, **values,
    )  # fmt: skip
    url = gateway if isinstance(gateway, str) else gateway.url
    channel.config = {"base_url": url, "session": session, "hmac_key": KEY}
    channel.save()
    return channel


def people(count: int, first: int = 0) -> list[Contact]:
    """Return new contacts of São Paulo, whose numbers WhatsApp knows as they are written."""
    phones = [f"+551198{first + number:07d}" for number in range(count)]
    found: list[Contact] = Contact.objects.bulk_create(
        Contact(
            organization_id=current_organization_id(),
            name=f"Pessoa {phone[-4:]}",
            phone=phone,
            phone_key=match_key(phone),
        )
        for phone in phones
    )
    return found


def campaign_to(contacts: Sequence[Contact], channels: Sequence[Channel], name: str = "Novembro") -> Campaign:
    """Return a campaign with a frozen audience that is paused: :func:`lifecycle.resume` is the starting gun."""
    audience = ContactList.objects.create(name=name, size=len(contacts))
    ListMembership.objects.bulk_create(
        ListMembership(organization_id=audience.organization_id, contact_list=audience, contact=row, row_number=n)
        for n, row in enumerate(contacts)
    )
    campaign = create_campaign(
        name=name, list_ids=[audience.pk], variants=[VariantDraft("Oi, {nome}!")],
        channel_ids=[channel.pk for channel in channels],
    )  # fmt: skip
    lifecycle.start(campaign)
    return lifecycle.pause(campaign)


def count_of(campaign: Campaign, *states: str) -> int:
    return Recipient.objects.filter(campaign=campaign, state__in=states).count()


def phones_in(campaign: Campaign, *states: str) -> set[str]:
    return set(Recipient.objects.filter(campaign=campaign, state__in=states).values_list("phone", flat=True))


def in_flight(campaign: Campaign) -> set[str]:
    """Return the phones that are claimed now."""
    return phones_in(campaign, RecipientState.SENDING)


def finish(senders: Senders, campaigns: Sequence[Campaign], seconds: float = 240.0, **options: Any) -> None:
    """Let a sender bring the campaigns of any organizations to their end, and end it in order, while the heartbeat beats.

    On a machine that stood still for seconds a claim may lapse under a living sender, who then gives it back: then there is
    work again, and another sender does it.
    """
    ids = [campaign.pk for campaign in campaigns]
    for _attempt in range(5):
        sender = senders.start(**options)
        until(lambda: not _running(ids) or revive(), "the campaigns are completed", seconds)
        sender.stop()
        if not _running(ids):
            return
    raise AssertionError("the campaigns never stayed completed")


def revive() -> None:
    """Ask after each number that is taken for down: to who stood still, a gateway that answers at once seems late."""
    with across_organizations():
        if not Channel.unscoped.exclude(state=ChannelState.CONNECTED).update(next_check_at=None):
            return
    check_channels()
    drain()


def _running(ids: Sequence[UUID]) -> bool:
    with across_organizations():
        open_rows = Recipient.objects.filter(campaign_id__in=ids, state__in=OPEN)
        return open_rows.exists() or Campaign.objects.filter(pk__in=ids, state=CampaignState.RUNNING).exists()


def claim_as(lease: Lease, campaign: Campaign, count: int = 3) -> list[Claimed]:
    """Claim as the holder of a lease would, here and now."""
    wish = Wish(
        organization_id=campaign.organization_id, channel_id=lease.channel_id, lease=lease.token, campaigns=[campaign.pk],
        count=count, cap=None, today=now().date(), gaps=[0.0] * count, ahead=0.15, greeting="Boa tarde",
    )  # fmt: skip
    return claim(wish)[0]
