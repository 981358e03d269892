"""What follows when the state of a charge changes, from wherever it came."""

from uuid import UUID

from django.utils.translation import gettext_noop

from billing.charges.forgetting import forget_payers
from billing.events import ChargeClosed, ChargePaid, ChargeRefunded
from billing.models import Charge
from bookings.charges import history
from bookings.charges.models import ChargeLink
from bookings.charges.process import follow, withdraw_after
from leads.events import ContactAnonymised
from sagas.events import SagaFailed
from sagas.outbox import subscriber


def _charge(charge_id: str) -> Charge:
    found: Charge = Charge.objects.select_related("organization").get(pk=charge_id)
    return found


@subscriber(ChargePaid)
def go_on_after_the_payment(event: ChargePaid) -> None:
    follow(event.charge_id)


@subscriber(ChargeClosed)
def end_what_nobody_pays(event: ChargeClosed) -> None:
    follow(event.charge_id)


@subscriber(ChargeRefunded)
def take_back_what_hung_on_the_payment(event: ChargeRefunded) -> None:
    follow(event.charge_id)


@subscriber(SagaFailed)
def withdraw_what_was_undone_before_it_began(event: SagaFailed) -> None:
    withdraw_after(event)


@subscriber(ChargePaid)
def note_the_payment(event: ChargePaid) -> None:
    charge = _charge(event.charge_id)
    if charge.paid_at:
        history.note(charge, gettext_noop("Paid %(amount)s"), at=charge.paid_at, kind="paid")


@subscriber(ChargeRefunded)
def note_the_refund(event: ChargeRefunded) -> None:
    charge = _charge(event.charge_id)
    if charge.refunded_at:
        history.note(charge, gettext_noop("Got %(amount)s back"), at=charge.refunded_at, kind="refunded")


@subscriber(ContactAnonymised)
def forget_who_was_charged(event: ContactAnonymised) -> None:
    charges: list[UUID] = list(
        ChargeLink.objects.filter(contact_id=event.contact_id).values_list("charge_id", flat=True)
    )
    forget_payers(charges)
