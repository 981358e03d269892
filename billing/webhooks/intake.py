"""Taking webhooks in: checked over raw bytes, kept once, understood later by a worker."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.services.secrets_store import get_secret
from billing.credentials import STRIPE_HOOK
from billing.models import PaymentSettings, StripeEvent
from billing.providers.stripe import BadHookError, SignedEvent, read_event
from billing.webhooks.handling import handle_events
from core.clock import now
from core.ids import uuid7
from core.tenancy import across_organizations, activate_organization

MAX_BODY_BYTES: Final = 1024 * 1024
KEPT: Final = timedelta(days=35)


class UnknownHookError(Exception):
    """Nobody has this webhook address."""


def receive(token: str, body: bytes, signature: str) -> bool:
    """Keep an event; False when it was known. Raises :class:`UnknownHookError` and BadHookError.

    The organization is that of the address; nothing in the body could choose another.
    """
    organization_id = _organization_of(token)
    with activate_organization(organization_id):
        secret = get_secret(STRIPE_HOOK)
        if not secret:
            raise BadHookError("no signing secret is set")
        return _keep(organization_id, read_event(body, signature, secret))


def _organization_of(token: str) -> UUID:
    with across_organizations():
        found = PaymentSettings.objects.filter(hook_token=token).values_list("organization_id", flat=True).first()
    if found is None:
        raise UnknownHookError
    return UUID(str(found))


@transaction.atomic
def _keep(organization_id: UUID, event: SignedEvent) -> bool:
    identity = uuid7()
    StripeEvent.objects.bulk_create(
        [
            StripeEvent(
                id=identity,
                organization_id=organization_id,
                event_id=event.id,
                kind=event.kind,
                body=event.body,
                due_at=now(),
            )
        ],
        ignore_conflicts=True,
    )
    is_new: bool = StripeEvent.objects.filter(pk=identity).exists()
    if is_new:
        handle_events.enqueue(coalesce_key=str(organization_id), organization_id=str(organization_id))
    return is_new
