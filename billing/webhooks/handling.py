"""Understanding webhooks: an event only says where to look; what it tells is fetched anew, so no order can be wrong."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from billing.charges.looking import look
from billing.credentials import stripe_account
from billing.errors import ChargeStateError, NotConfiguredError
from billing.models import Charge, StripeEvent
from billing.providers.errors import ProviderError
from billing.providers.stripe import object_of
from core.breaker import CircuitOpenError
from core.clock import now
from core.jobs import job

logger = logging.getLogger(__name__)

PER_RUN: Final = 200
FIRST_RETRY: Final = timedelta(seconds=5)
LONGEST_RETRY: Final = timedelta(hours=1)
MAX_ATTEMPTS: Final = 80
RELEVANT: Final = ("checkout.session.", "payment_intent.", "charge.", "refund.")
Target = tuple[UUID, str]


@job("default", timeout_seconds=300)
def handle_events(*, organization_id: str) -> None:
    """Handle what Stripe told an organization; several events about one payment need one look."""
    targets: dict[Target | None, list[StripeEvent]] = defaultdict(list)
    for event in StripeEvent.objects.filter(handled_at=None, due_at__lte=now()).order_by("received_at")[:PER_RUN]:
        try:
            targets[_target(event)].append(event)
        except (ProviderError, CircuitOpenError, NotConfiguredError) as error:
            _postpone([event], error)
    _finish(targets.pop(None, []))
    for target, events in targets.items():
        if target is not None:
            _handle(target, events)


def _handle(target: Target, events: list[StripeEvent]) -> None:
    charge_id, session_id = target
    try:
        look(charge_id, session_id=session_id)
    except ChargeStateError as error:
        # The page belongs to another charge: whoever wrote our id into its reference, it says nothing about ours.
        logger.warning("payment of another charge", extra={"charge": str(charge_id), "why": error.message})
        _finish(events)
    except (ProviderError, CircuitOpenError, NotConfiguredError) as error:
        _postpone(events, error)
    else:
        _finish(events)


def _finish(events: Iterable[StripeEvent]) -> None:
    StripeEvent.objects.filter(pk__in=[event.pk for event in events]).update(handled_at=now(), error="")


def _postpone(events: Iterable[StripeEvent], error: Exception) -> None:
    for event in events:
        event.attempts += 1
        event.error = f"{type(error).__name__}: {error}"[:500]
        event.due_at = now() + min(FIRST_RETRY * 2 ** min(event.attempts, 10), LONGEST_RETRY)
        if event.attempts >= MAX_ATTEMPTS:
            event.handled_at = now()
        event.save(update_fields=["attempts", "error", "due_at", "handled_at"])


def _target(event: StripeEvent) -> Target | None:
    """Return the charge an event is about and the page to look at; None when it is none of ours."""
    if not event.kind.startswith(RELEVANT):
        return None
    found = object_of(bytes(event.body))
    is_session = found.get("object") == "checkout.session"
    session_id = _text(found.get("id")) if is_session else ""
    metadata = found.get("metadata")
    reference = _text(found.get("client_reference_id")) or _text(
        metadata.get("charge_id") if isinstance(metadata, dict) else ""
    )
    charge_id = _charge(reference) if reference else None
    if charge_id is None and not is_session:
        charge_id = _by_payment(found)
    if charge_id and session_id and Charge.objects.filter(pk=charge_id, session_id=session_id).exists():
        session_id = ""  # its own page, as the other events about this payment mean too
    return (charge_id, session_id) if charge_id else None


def _by_payment(found: dict[str, Any]) -> UUID | None:
    intent = _text(found.get("id") if found.get("object") == "payment_intent" else found.get("payment_intent"))
    if not intent:
        return None
    known: UUID | None = Charge.objects.filter(payment_intent_id=intent).values_list("pk", flat=True).first()
    # A refund made at Stripe may arrive before anything else about its payment.
    return known or _charge(stripe_account().find_reference(intent))


def _charge(reference: str) -> UUID | None:
    try:
        pk = UUID(reference)
    except ValueError:
        return None
    return pk if Charge.objects.filter(pk=pk).exists() else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
