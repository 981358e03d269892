"""Stripe by its official SDK: payment pages, refunds and what became of them."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import stripe
from django.conf import settings

from billing.providers.stripe.contract import Account, Checkout, CheckoutOrder, Refund
from billing.providers.stripe.http import GuardedClient
from billing.providers.stripe.params import checkout_params, refund_params
from billing.providers.stripe.refusals import translated
from core.breaker import Breaker

API_BASE: Final = "https://api.stripe.com"
MOST_REFUNDS: Final = 100
EXPANDED: Final = ["payment_intent.latest_charge"]
T = TypeVar("T")

# The SDK tells of every request at "info", with addresses that hold ids.
logging.getLogger("stripe").setLevel(logging.WARNING)


class StripeAccount:
    """One organization's account. Every call raises :class:`billing.providers.errors.ProviderError` or CircuitOpenError."""

    def __init__(self, secret_key: str, *, organization_id: str, seconds: float = 10.0) -> None:
        transport = GuardedClient(breaker=Breaker(f"stripe:{organization_id}"), deadline=time.monotonic() + seconds)
        base = getattr(settings, "STRIPE_API_BASE", API_BASE)
        # Repeating is left to those who know the deadline; our keys make it harmless.
        self._stripe = stripe.StripeClient(
            secret_key, http_client=transport, max_network_retries=0, base_addresses={"api": base}
        )

    def create_checkout(self, order: CheckoutOrder, *, key: str) -> Checkout:
        """Open a payment page; the same key with the same order always returns the same page."""
        sessions = self._stripe.v1.checkout.sessions
        return self._checkout(_call(lambda: sessions.create(checkout_params(order), {"idempotency_key": key})))

    def get_checkout(self, session_id: str) -> Checkout:
        """Return a payment page with its payment and refunds as they are now."""
        sessions = self._stripe.v1.checkout.sessions
        return self._checkout(_call(lambda: sessions.retrieve(session_id, {"expand": EXPANDED})))

    def expire_checkout(self, session_id: str) -> Checkout:
        """Close an open payment page; one that has ended already is refused."""
        sessions = self._stripe.v1.checkout.sessions
        return self._checkout(_call(lambda: sessions.expire(session_id, {"expand": EXPANDED})))

    def find_reference(self, payment_intent_id: str) -> str:
        """Return the reference of the page through which a payment came; empty when it came by none of ours."""
        sessions = self._stripe.v1.checkout.sessions
        found = _call(lambda: sessions.list({"payment_intent": payment_intent_id, "limit": 1}))
        return next((getattr(session, "client_reference_id", None) or "" for session in found.data), "")

    def refund(self, payment_intent_id: str, amount_cents: int, *, reference: str, key: str) -> Refund:
        """Send money back; the same key never sends it twice."""
        params = refund_params(payment_intent_id, amount_cents, reference)
        return _refund(_call(lambda: self._stripe.v1.refunds.create(params, {"idempotency_key": key})))

    def account(self) -> Account:
        """Return whose key this is."""
        found = _call(lambda: self._stripe.v1.accounts.retrieve_current())
        balance = _call(lambda: self._stripe.v1.balance.retrieve())
        capabilities = getattr(found, "capabilities", None)
        return Account(
            id=found.id,
            name=_account_name(found),
            country=getattr(found, "country", "") or "",
            is_live=bool(balance.livemode),
            can_charge=bool(getattr(found, "charges_enabled", False)),
            has_pix=getattr(capabilities, "pix_payments", "") == "active",
        )

    def _checkout(self, session: Any) -> Checkout:
        intent = _expanded(getattr(session, "payment_intent", None))
        charge = _expanded(getattr(intent, "latest_charge", None))
        touched = bool(getattr(charge, "amount_refunded", 0) or getattr(charge, "refunded", False))
        intent_id = _id_of(getattr(session, "payment_intent", None))
        paid = session.payment_status == "paid"
        return Checkout(
            id=session.id,
            url=getattr(session, "url", None) or "",
            status=session.status or "",
            payment_status=session.payment_status,
            amount_cents=session.amount_total or 0,
            currency=(session.currency or "").lower(),
            reference=getattr(session, "client_reference_id", None) or "",
            payment_intent_id=intent_id,
            paid_at=_time(getattr(charge, "created", None)) if paid else None,
            is_disputed=bool(getattr(charge, "disputed", False)),
            refunds=self._refunds(intent_id) if touched or paid else (),
        )

    def _refunds(self, intent_id: str) -> tuple[Refund, ...]:
        if not intent_id:
            return ()
        refunds = self._stripe.v1.refunds
        found = _call(lambda: refunds.list({"payment_intent": intent_id, "limit": MOST_REFUNDS}))
        return tuple(_refund(refund) for refund in found.data)


def _call(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except stripe.StripeError as error:
        raise translated(error) from error


def _refund(refund: Any) -> Refund:
    return Refund(refund.id, refund.status or "pending", refund.amount)


def _expanded(value: Any) -> Any:
    return None if value is None or isinstance(value, str) else value


def _id_of(value: Any) -> str:
    return value if isinstance(value, str) else getattr(value, "id", "") or ""


def _time(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _account_name(account: Any) -> str:
    profile = getattr(account, "business_profile", None)
    return getattr(profile, "name", None) or getattr(account, "email", None) or account.id
