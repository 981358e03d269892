from billing.providers.stripe.client import StripeAccount
from billing.providers.stripe.contract import Account, Checkout, CheckoutOrder, Refund
from billing.providers.stripe.signature import BadHookError, SignedEvent, object_of, read_event

__all__ = [
    "Account",
    "BadHookError",
    "Checkout",
    "CheckoutOrder",
    "Refund",
    "SignedEvent",
    "StripeAccount",
    "object_of",
    "read_event",
]
