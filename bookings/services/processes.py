"""Booking and process share one fate: what cannot be done wholly is cancelled, and what is cancelled is undone."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings.models import ACTIVE, Booking
from bookings.services.booking import PROCESS, cancel, process_id
from sagas.errors import SagaNotFoundError
from sagas.events import SagaEnded
from sagas.models import SagaExecution, SagaState, SagaStepRecord, StepKind, StepState
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


@dataclass(frozen=True)
class Step:
    """A step of a booking's process as the booking's page shows it. ``state`` is done, skipped, undone, failed or waiting."""

    label: str
    state: str
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class Process:
    execution: SagaExecution
    steps: list[Step]


def process_steps(booking: Booking) -> Process | None:
    """Return what the booking's process has done so far; None while the booking is only held."""
    execution = SagaExecution.objects.filter(saga_id=process_id(booking.pk)).first()
    if execution is None:
        return None
    records = {(row.name, row.kind): row for row in execution.records.filter(round=execution.round)}
    steps = [
        _step(
            str(step.label), records.get((step.name, StepKind.DO)), records.get((step.name, StepKind.UNDO)), execution
        )
        for step in orchestrator.definition(PROCESS).steps
    ]
    return Process(execution, [step for step in steps if step.state != "skipped"])


def _step(label: str, done: SagaStepRecord | None, undone: SagaStepRecord | None, execution: SagaExecution) -> Step:
    if done is None or done.state == StepState.RETRYING:
        return Step(label, "skipped" if execution.state == SagaState.FAILED else "waiting")
    if done.state != StepState.DONE:
        return Step(label, "failed", done.error if done.error and ": " not in done.error else "")
    if "skipped" in done.result:
        return Step(label, "skipped")
    if undone is not None and undone.state == StepState.DONE:
        return Step(label, "undone")
    note = str(done.result.get("number", ""))
    return Step(label, "done", note, str(done.result.get("pdf_url") or done.result.get("url") or ""))
