from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Router, Schema
from pydantic import AwareDatetime

from billing.charges.checkout import public_url
from billing.charges.creating import ChargeDraft
from billing.models import Charge, ChargeState
from bookings.access import get_booking
from bookings.charges import services
from bookings.charges.access import get_charge
from conversations.queries import get_conversation
from core.pagination import keyset_page
from leads.access import get_contact

router = Router(tags=["charges"])
SIZE = 50


class ChargeOut(Schema):
    id: UUID
    state: str
    method: str
    problem: str
    amount_cents: int
    refunded_cents: int
    currency: str
    description: str
    payer_name: str
    payer_phone: str
    payer_email: str
    payer_document: str
    contact_id: UUID | None
    booking_id: UUID | None
    payment_url: str
    pix_code: str
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    refunded_at: datetime | None

    @staticmethod
    def resolve_contact_id(charge: Charge) -> UUID | None:
        return charge.link.contact_id if hasattr(charge, "link") else None

    @staticmethod
    def resolve_booking_id(charge: Charge) -> UUID | None:
        return charge.link.booking_id if hasattr(charge, "link") else None

    @staticmethod
    def resolve_payment_url(charge: Charge) -> str:
        return public_url(charge)


class ChargePage(Schema):
    items: list[ChargeOut]
    next_cursor: str | None


class ChargeIn(Schema):
    name: str = Field(max_length=120)
    amount_cents: int = Field(gt=0)
    description: str = Field(max_length=200)
    method: Literal["pix_static", "pix_stripe", "card_link"]
    expires_at: AwareDatetime
    phone: str = Field("", max_length=40)
    email: str = Field("", max_length=254)
    document: str = Field("", max_length=24)
    contact_id: UUID | None = None
    booking_id: UUID | None = None
    conversation_id: UUID | None = None
    send: bool = False


@router.get("/charges", response=ChargePage)
def list_charges(
    request: HttpRequest,
    state: Literal["open", "paid", "expired", "cancelled", "refunding", "refunded"] | None = None,
    contact_id: UUID | None = None,
    cursor: str | None = None,
) -> object:
    """Newest first."""
    rows = Charge.objects.select_related("link")
    if state:
        rows = rows.filter(state=ChargeState(state))
    if contact_id:
        rows = rows.filter(link__contact_id=get_contact(contact_id).pk)
    return keyset_page(rows, order="-created_at", cursor=cursor, size=SIZE)


@router.post("/charges", response={201: ChargeOut})
@transaction.atomic
def create_charge(request: HttpRequest, data: ChargeIn) -> tuple[int, Charge]:
    """Ask for money. ``send`` writes the payment link into the chat of the conversation, the booking or the contact.

    409 where there is no chat to send it in; then nothing was charged either.
    """
    occasion = services.Occasion(
        contact=get_contact(data.contact_id) if data.contact_id else None,
        booking=get_booking(data.booking_id) if data.booking_id else None,
        conversation=get_conversation(data.conversation_id) if data.conversation_id else None,
    )
    own = data.dict(include=set(ChargeDraft.__dataclass_fields__))
    charge = services.ask_payment(ChargeDraft(**own), occasion, actor=None)
    if data.send:
        services.send_link(get_charge(charge.pk), actor=None, key="first")
    return 201, get_charge(charge.pk)


@router.get("/charges/{uuid:charge_id}", response=ChargeOut)
def read_charge(request: HttpRequest, charge_id: UUID) -> Charge:
    return get_charge(charge_id)


@router.post("/charges/{uuid:charge_id}/confirm", response=ChargeOut)
def confirm_charge(request: HttpRequest, charge_id: UUID) -> Charge:
    """Say that the money of a Pix to your own key is in your account. 409 for charges that Stripe confirms."""
    services.confirm_by_hand(get_charge(charge_id).pk, actor=None)
    return get_charge(charge_id)


@router.post("/charges/{uuid:charge_id}/cancel", response=ChargeOut)
def cancel_charge(request: HttpRequest, charge_id: UUID) -> Charge:
    """Withdraw an open charge; its payment page closes."""
    services.cancel_charge(get_charge(charge_id).pk, actor=None)
    return get_charge(charge_id)


@router.post("/charges/{uuid:charge_id}/refund", response={202: ChargeOut})
def refund_charge(request: HttpRequest, charge_id: UUID) -> tuple[int, Charge]:
    """Send the money back; the charge is ``refunded`` once it went."""
    services.give_back(get_charge(charge_id).pk, actor=None)
    return 202, get_charge(charge_id)
