"""Request bodies, typed by the SDK's own parameter types (API 2026-10-28.endive)."""

from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from billing.providers.stripe.contract import CURRENCY, CheckoutOrder

LONGEST_PRODUCT_NAME = 250


def checkout_params(order: CheckoutOrder) -> SessionCreateParams:
    """Return the Checkout Session of an order; the same order always gives the same body, as idempotency demands."""
    metadata = {"charge_id": order.reference, "organization_id": order.organization_id}
    params: SessionCreateParams = {
        "mode": "payment",
        "client_reference_id": order.reference,
        "locale": "pt-BR",
        "submit_type": "pay",
        "allowed_payment_method_types": [order.method],
        # A price shown in another currency would make the amounts of the two sides differ.
        "adaptive_pricing": {"enabled": False},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": CURRENCY,
                    "unit_amount": order.amount_cents,
                    "product_data": {"name": order.description[:LONGEST_PRODUCT_NAME]},
                },
            }
        ],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": order.description},
        "success_url": f"{order.return_url}?pago=1",
        "cancel_url": order.return_url,
        "expires_at": int(order.expires_at.timestamp()),
        "expand": ["payment_intent.latest_charge"],
    }
    if order.email:
        params["customer_email"] = order.email
    return params


def refund_params(payment_intent_id: str, amount_cents: int, reference: str) -> RefundCreateParams:
    """Return the refund of a payment."""
    return {
        "payment_intent": payment_intent_id,
        "amount": amount_cents,
        "reason": "requested_by_customer",
        "metadata": {"charge_id": reference},
    }
