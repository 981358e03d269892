"""What has to happen without anybody asking: lost bells, lost webhooks, days that pass."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.charges.closing import expire_charge
from billing.charges.looking import look_at_charge
from billing.charges.refunding import refund_charge
from billing.models import Charge, ChargeMethod, ChargeState, StripeEvent
from billing.webhooks.handling import handle_events
from billing.webhooks.intake import KEPT
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization

PER_RUN: Final = 200
LOOK_EVERY: Final = timedelta(minutes=10)


@job("default")
def handle_waiting_events() -> None:
    """Ring for organizations whose events wait: a bell was lost or a retry is due."""
    with across_organizations():
        waiting = StripeEvent.objects.filter(handled_at=None, due_at__lte=now())
        organizations = list(waiting.values_list("organization_id", flat=True).distinct()[:PER_RUN])
    for organization_id in organizations:
        handle_events.enqueue(coalesce_key=str(organization_id), organization_id=str(organization_id))


@job("default")
def look_at_open_pages() -> None:
    """Look at payment pages of which nothing was heard for a while, in case their webhooks were lost."""
    quiet = Q(looked_at=None) | Q(looked_at__lte=now() - LOOK_EVERY)
    with across_organizations():
        known = Charge.objects.filter(quiet, state__in=[ChargeState.OPEN, ChargeState.REFUNDING])
        rows = _some(known.exclude(session_id=None))
        Charge.objects.filter(pk__in=[pk for pk, _organization in rows]).update(looked_at=now())
    for pk, organization_id in rows:
        look_at_charge.enqueue(organization_id=str(organization_id), charge_id=str(pk))


@job("default")
def resume_refunds() -> None:
    """Ring for refunds that were decided and of which Stripe may not know yet."""
    with across_organizations():
        undone = Charge.objects.filter(state=ChargeState.REFUNDING, refund_id=None)
        rows = _some(undone.exclude(method=ChargeMethod.PIX_STATIC))
    for pk, organization_id in rows:
        refund_charge.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), charge_id=str(pk))


@job("default")
def expire_charges() -> None:
    """Close what should have been paid by now; what Stripe cannot be asked about waits for the next round."""
    with across_organizations():
        late = Charge.objects.filter(state=ChargeState.OPEN, expires_at__lte=now())
        rows = _some(late)
    for pk, organization_id in rows:
        with activate_organization(organization_id):
            expire_charge(pk)


@job("bulk")
def purge_stripe_events() -> None:
    """Forget handled webhooks after five weeks; by then no repetition comes any more."""
    with across_organizations():
        StripeEvent.objects.filter(received_at__lt=now() - KEPT).exclude(handled_at=None).delete()


def _some(charges: "QuerySet[Any]") -> list[tuple[UUID, UUID]]:
    found = charges.order_by("looked_at", "pk").values_list("pk", "organization_id")[:PER_RUN]
    return [(pk, organization_id) for pk, organization_id in found]
