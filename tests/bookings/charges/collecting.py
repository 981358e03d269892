"""What tests do around the process of a charge."""

from typing import Any

from django.core import mail
from django.test import Client
from django.urls import reverse

from billing.models import Charge, PaymentSettings
from bookings.charges.process import process_id
from conversations.models import Direction, Message
from core.clock import now
from sagas.models import SagaExecution
from sagas.sweep import sweep_sagas
from tests.support.fake_stripe import FakeStripe
from tests.support.jobs import drain


def process(charge: Charge) -> SagaExecution:
    found: SagaExecution = SagaExecution.objects.get(saga_id=process_id(charge.pk))
    return found


def time_passes(times: int = 3) -> None:
    """Let every wait and every pause between two attempts end."""
    for _time in range(times):
        SagaExecution.unscoped.exclude(wake_at=None).update(wake_at=now())
        sweep_sagas()
        drain()


def hook(body: bytes, signature: str) -> Any:
    token = PaymentSettings.unscoped.get().hook_token
    headers = {"Stripe-Signature": signature}
    return Client().post(reverse("billing:stripe-hook", args=[token]), body, "application/json", headers=headers)


def pay_at_stripe(server: FakeStripe, charge: Charge) -> None:
    """The customer pays and Stripe tells us."""
    charge.refresh_from_db()
    server.pay(charge.session_id or "")
    stripe_tells(server)


def stripe_tells(server: FakeStripe) -> None:
    """Stripe delivers all its events, those of before included."""
    server.deliver(hook)
    drain()


def receipts_written() -> list[str]:
    """Return what was written to customers in chats."""
    return list(Message.objects.filter(direction=Direction.OUT).order_by("at").values_list("body", flat=True))


def mails() -> list[str]:
    return [f"{message.to[0]}: {message.subject}" for message in mail.outbox]
