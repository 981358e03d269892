"""Booking and process share one fate: what cannot be done wholly is cancelled, and what is cancelled is undone."""

from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings.models import ACTIVE, Booking
from bookings.services.booking import PROCESS, cancel, process_id
from sagas.errors import SagaNotFoundError
from sagas.events import SagaEnded
from sagas.models import SagaExecution
from sagas.orchestrator import orchestrator


def undo(booking_id: UUID | str) -> None:
    """Take back whatever the booking's process has done; one that was held and never confirmed has none."""
    try:
        orchestrator.request_undo(process_id(booking_id))
    except SagaNotFoundError:
        return


@transaction.atomic
def cancel_after(event: SagaEnded) -> None:
    """Cancel the booking whose process did not come through, with the reason for all to see."""
    if event.definition != PROCESS:
        return
    execution = orchestrator.get_status(event.saga_id)
    booking = Booking.objects.select_for_update(of=("self",)).filter(pk=execution.context["booking_id"]).first()
    if booking is None or booking.state not in ACTIVE:
        return
    by = "team" if _was_undone(execution) else "system"
    cancel(booking, reason=_reason(execution), by=by)


def _was_undone(execution: SagaExecution) -> bool:
    return execution.undo_requested and not execution.failed_step


def _reason(execution: SagaExecution) -> str:
    language = Organization.objects.values_list("language", flat=True).get(pk=execution.organization_id)
    with translation.override(language):
        if _was_undone(execution):
            return _("Undone by the team")
        step = orchestrator.definition(PROCESS).label_of(execution.failed_step)
        return _("The booking could not be completed: %(step)s") % {"step": step}


def process_of(booking: Booking) -> SagaExecution | None:
    """Return the booking's process; None while it is only held."""
    found: SagaExecution | None = SagaExecution.objects.filter(saga_id=process_id(booking.pk)).first()
    return found
