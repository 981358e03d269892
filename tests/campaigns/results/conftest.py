"""A campaign with everything that can follow it: answers, qualifications, bookings, payments and talks with the AI."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Membership, Organization
from billing.models import Charge
from bookings.charges.models import ChargeLink
from bookings.models import Service
from bookings.services.booking import Wish, book
from bookings.services.schedule import save_professional, save_service
from campaigns.models import Campaign, Recipient
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft
from conversations.models import Conversation
from core.tenancy import current_organization_id
from gateways.models import Channel
from leads.models import Contact
from sdr.models import ModelCall, Qualification

MORNING = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday, 9:00 in São Paulo."""
AFTERNOON = MORNING + timedelta(hours=6)
Make = Callable[..., Any]


@dataclass
class World:
    """Six recipients, A by the first number in the morning, B by the second one in the afternoon; the last one was not sent."""

    campaign: Campaign
    rows: list[Recipient]
    channels: list[Channel]

    def qualify(self, number: int, at: datetime) -> None:
        row = Qualification.objects.create(contact=self.contact(number), status="qualificado", score=90)
        Qualification.objects.filter(pk=row.pk).update(qualified_at=at)

    def pay(self, number: int, at: datetime, cents: int, state: str = "paid", refunded: int = 0) -> Charge:
        charge = Charge.objects.create(
            payer_name="Bia", amount_cents=cents, received_cents=cents, refunded_cents=refunded, description="Limpeza",
            method="card_link", state=state, expires_at=at, paid_at=at, confirmation="hand",
            refunded_at=at if state == "refunded" else None,
        )  # fmt: skip
        ChargeLink.objects.create(charge=charge, contact=self.contact(number))
        return charge

    def think(self, number: int, at: datetime, micros: int) -> None:
        contact = self.contact(number)
        values = {"channel": self.channels[0], "organization_id": current_organization_id()}
        thread, _ = Conversation.objects.get_or_create(contact=contact, defaults=values)
        call = ModelCall.objects.create(task="reply", provider="openai", cost_micros=micros, conversation_ref=thread.pk)
        ModelCall.objects.filter(pk=call.pk).update(at=at)

    def contact(self, number: int) -> Contact:
        return self.rows[number].contact


@pytest.fixture
def world(in_acme: Organization, make_campaign: Make, make_channel: Make) -> World:
    channels = [make_channel("Oficial"), make_channel("Recepção")]
    variants = [VariantDraft("Oi, {nome}!"), VariantDraft("Olá, {nome}, tudo bem?")]
    campaign = lifecycle.start(make_campaign(6, variants=variants, channels=channels))
    rows = list(Recipient.objects.filter(campaign=campaign).order_by("position"))
    first, second = campaign.variants.order_by("label")
    for index, row in enumerate(rows[:5]):
        early = index < 3
        row.variant, row.channel = (first, channels[0]) if early else (second, channels[1])
        row.sent_at, row.state = (
            (MORNING if early else AFTERNOON),
            ["read", "delivered", "sent", "read", "failed"][index],
        )
        row.save()
    rows[5].variant = first
    rows[5].save()
    campaign.fees = {str(channels[0].pk): {str(first.pk): 355_555}}
    campaign.started_at = MORNING - timedelta(minutes=1)
    campaign.save()
    return World(campaign, rows, channels)


@pytest.fixture
def book_for(world: World, ana: Membership, django_capture_on_commit_callbacks: Any) -> Make:
    """Return a maker of bookings of a recipient, made at a time."""
    person = save_professional(ana, name="Nina", is_active=True, actor=ana)
    service = Service(
        organization_id=current_organization_id(), name="Limpeza", duration_minutes=60, price_cents=18_000
    )
    save_service(service, professionals=[person], actor=None)

    def make(number: int, at: datetime) -> Any:
        starts = datetime(2026, 12, 7, 12 + number, 0, tzinfo=UTC)
        booking = book(Wish(service=service, professional=person, contact=world.contact(number), starts_at=starts))
        type(booking).objects.filter(pk=booking.pk).update(created_at=at)
        return booking

    return make
