"""What people do with charges: ask, send the link, confirm, withdraw, give back."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from billing.charges.closing import cancel_charge
from billing.charges.confirming import confirm_by_hand, record_refund_by_hand
from billing.charges.creating import ChargeDraft, create_charge
from billing.charges.refunding import check_refundable, request_refund
from billing.models import Charge, ChargeState
from bookings.charges import wording
from bookings.charges.errors import NoChatError
from bookings.charges.models import ChargeLink
from bookings.charges.process import PROCESS, process_id, process_of
from bookings.charges.threads import chat_of
from bookings.models.booking import Booking
from conversations.models import Conversation, Message, Origin
from conversations.services.send import send_message
from leads.models import Contact
from sagas.orchestrator import orchestrator

__all__ = [
    "Occasion",
    "ask_payment",
    "cancel_charge",
    "confirm_by_hand",
    "give_back",
    "record_refund_by_hand",
    "send_link",
]


@dataclass(frozen=True)
class Occasion:
    """Where a charge comes from; a booking and a conversation bring their contact along."""

    contact: Contact | None = None
    booking: Booking | None = None
    conversation: Conversation | None = None

    @property
    def person(self) -> Contact | None:
        source = self.booking or self.conversation
        return self.contact or (source.contact if source else None)


@transaction.atomic
def ask_payment(draft: ChargeDraft, occasion: Occasion, *, actor: Membership | None) -> Charge:
    """Write a charge down with what it belongs to, and begin the process that collects it. Raises ChargeError."""
    charge = create_charge(draft, actor=actor)
    ChargeLink.objects.create(
        charge=charge, contact=occasion.person, booking=occasion.booking, conversation=occasion.conversation
    )
    orchestrator.start(PROCESS, process_id(charge.pk), {"charge_id": str(charge.pk)})
    return charge


@transaction.atomic
def send_link(charge: Charge, *, actor: Membership | None, key: str) -> Message:
    """Write the payment link into the payer's chat, once per key. Raises :class:`NoChatError`."""
    link = ChargeLink.objects.select_related("contact", "conversation__channel").filter(charge=charge).first()
    chat = chat_of(link)
    if chat is None:
        raise NoChatError(_("This payer has no chat. Copy the link and send it in another way."))
    with translation.override(charge.organization.language):
        text = wording.request_text(charge)
    return send_message(
        chat, body=text, author=actor, origin=Origin.HUMAN if actor else Origin.BOT,
        client_key=f"charge:{charge.pk}:{key}",
    )  # fmt: skip


def give_back(charge_id: UUID | str, *, actor: Membership | None) -> None:
    """Send the money of a paid charge back and take back what hung on it. Asking twice is asking once.

    Raises ChargeStateError when it is not paid or the payer disputes it.
    """
    charge: Charge = Charge.objects.get(pk=charge_id)
    execution = process_of(charge_id)
    if charge.state != ChargeState.PAID or execution is None or not orchestrator.can_undo(execution):
        request_refund(charge_id, actor=actor)
        return
    check_refundable(charge)
    with transaction.atomic():
        record_audit("charge.refund_asked", actor=actor, target=str(charge), data={"cents": charge.amount_cents})
        orchestrator.request_undo(execution.saga_id)
