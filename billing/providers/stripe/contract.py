"""What is asked of Stripe and what it says, as plain values; amounts are whole cents of real."""

from dataclasses import dataclass
from datetime import datetime

CURRENCY = "brl"


@dataclass(frozen=True)
class CheckoutOrder:
    """A payment page to be opened at Stripe; ``method`` is ``card`` or ``pix``, ``reference`` is the charge's id."""

    reference: str
    organization_id: str
    amount_cents: int
    description: str
    method: str
    email: str
    return_url: str
    expires_at: datetime


@dataclass(frozen=True)
class Refund:
    """``status`` is pending, requires_action, succeeded, failed or canceled."""

    id: str
    status: str
    amount_cents: int

    @property
    def is_pending(self) -> bool:
        return self.status in {"pending", "requires_action"}

    @property
    def is_refused(self) -> bool:
        return self.status in {"failed", "canceled"}


@dataclass(frozen=True)
class Checkout:
    """A Checkout Session with its payment. ``url`` is empty once the session has ended."""

    id: str
    url: str
    status: str
    payment_status: str
    amount_cents: int
    currency: str
    reference: str
    payment_intent_id: str
    paid_at: datetime | None
    is_disputed: bool
    refunds: tuple[Refund, ...] = ()

    @property
    def is_paid(self) -> bool:
        return self.payment_status == "paid"

    @property
    def is_open(self) -> bool:
        return self.status == "open" and bool(self.url)

    @property
    def refunded_cents(self) -> int:
        return sum(refund.amount_cents for refund in self.refunds if refund.status == "succeeded")

    @property
    def pending_refund_cents(self) -> int:
        return sum(refund.amount_cents for refund in self.refunds if refund.is_pending)


@dataclass(frozen=True)
class Account:
    """Whose key it is; ``has_pix`` when one-time Pix is active there."""

    id: str
    name: str
    country: str
    is_live: bool
    can_charge: bool
    has_pix: bool
