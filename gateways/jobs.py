from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from gateways.models import MessageStatus, PortfolioContact, Receipt, ReceiptState
from gateways.services.simulation import deliver_due_hooks, forget_old_hooks

KEPT = timedelta(days=30)
STATUS_KEPT = timedelta(days=180)
PEOPLE_KEPT = timedelta(days=2)
PER_STATEMENT = 5_000


@job("ingest")
def run_simulated_contacts() -> None:
    """Let the Simulator's virtual contacts act."""
    while deliver_due_hooks():
        pass


@job("bulk")
def purge_receipts() -> None:
    """Delete raw webhooks a month old and delivery states half a year old; what they said is in other rows by then."""
    with across_organizations():
        old = Receipt.objects.filter(received_at__lt=now() - KEPT).exclude(state=ReceiptState.PENDING)
        while _delete_some(old):
            pass
        while _delete_some(MessageStatus.objects.filter(updated_at__lt=now() - STATUS_KEPT)):
            pass
        while _delete_some(PortfolioContact.objects.filter(at__lt=now() - PEOPLE_KEPT)):
            pass
    forget_old_hooks()


def _delete_some(rows: QuerySet[Any]) -> int:
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:PER_STATEMENT])
    return rows.model._default_manager.filter(pk__in=ids).delete()[0] if ids else 0
