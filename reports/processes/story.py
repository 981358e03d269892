"""A saga told to its owner: what each step did, when, at which try, and what was taken back."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import now
from core.moments import spoken
from reports.processes.words import reason_words, step_words, took_words
from sagas.models import SagaExecution, SagaState, SagaStepRecord, StepKind, StepState


class Mark(StrEnum):
    """How a step stands; templates choose icon and tone by it."""

    TODO = "todo"
    NOW = "now"
    WAITS = "waits"
    DONE = "done"
    UNDONE = "undone"
    FAILED = "failed"
    STUCK = "stuck"


@dataclass(frozen=True)
class Chapter:
    """One step; ``lines`` are sentences."""

    name: str
    mark: Mark
    at: datetime | None = None
    lines: list[str] = field(default_factory=list)


def situation(execution: SagaExecution) -> str:
    """Return in one sentence where the saga is and what comes next."""
    step = step_words(execution, execution.failed_step) if execution.failed_step else ""
    match execution.state:
        case SagaState.SUCCEEDED:
            return _("Everything is done.")
        case SagaState.FAILED:
            return _failed(execution, step)
        case _ if execution.needs_attention:
            return _stuck(execution)
        case SagaState.COMPENSATING:
            return _("It did not come through. What was done is being undone.")
        case SagaState.PENDING:
            return _("It starts in a moment.")
    return pause_words(execution) or _("It is running now.")


def _failed(execution: SagaExecution, step: str) -> str:
    words = {"step": step, "reason": reason_words(execution.error)}
    if not step:
        return words["reason"] or _("It did not come through.")
    if execution.compensation_performed:
        return _("It stopped at “%(step)s” and what was done before was undone. %(reason)s") % words
    return _("It stopped at “%(step)s”, and there was nothing to undo. %(reason)s") % words


def _stuck(execution: SagaExecution) -> str:
    if execution.state == SagaState.COMPENSATING:
        return _("Something could not be undone. See below what is left, put it right there, and try again.")
    return reason_words(execution.error)


def pause_words(execution: SagaExecution) -> str:
    """Return why and until when a running saga waits; empty when it does not."""
    if execution.is_finished or execution.wake_at is None or execution.wake_at <= now():
        return ""
    words = {"at": spoken(execution.wake_at), "reason": reason_words(execution.wait_reason)}
    if execution.wait_reason:
        return _("Waits until %(at)s. %(reason)s") % words
    if execution.attempt:
        return _("Tries again %(at)s. %(reason)s") % {**words, "reason": reason_words(execution.error)}
    return _("Goes on %(at)s.") % words


def chapters(execution: SagaExecution, records: list[SagaStepRecord]) -> list[Chapter]:
    """Return the steps of the latest round in their order."""
    by_place = {(r.position, r.kind): r for r in records if r.round == execution.round}
    return [
        _chapter(execution, n, by_place.get((n, StepKind.DO)), by_place.get((n, StepKind.UNDO)))
        for n in range(len(execution.step_names))
    ]


def _chapter(
    execution: SagaExecution, position: int, did: SagaStepRecord | None, undid: SagaStepRecord | None
) -> Chapter:
    lines = [*_done_lines(did), *_undone_lines(undid)]
    last = undid or did
    mark = _mark(execution, position, did, undid)
    if mark is Mark.WAITS and (pause := pause_words(execution)):
        lines.append(pause)
    name = step_words(execution, execution.step_names[position])
    return Chapter(name, mark, last.finished_at if last else None, lines)


def _mark(execution: SagaExecution, position: int, did: SagaStepRecord | None, undid: SagaStepRecord | None) -> Mark:
    if undid is not None and undid.state != StepState.RETRYING:
        return {StepState.DONE: Mark.UNDONE, StepState.SKIPPED: Mark.DONE}.get(StepState(undid.state), Mark.STUCK)
    if not execution.is_finished and execution.position == position and not execution.needs_attention:
        return Mark.WAITS if pause_words(execution) else Mark.NOW
    if did is None or did.state == StepState.RETRYING:
        return Mark.TODO
    return Mark.DONE if did.state == StepState.DONE else Mark.FAILED


def _done_lines(did: SagaStepRecord | None) -> list[str]:
    if did is None:
        return []
    words = {"at": spoken(did.finished_at), "took": _took(did), "reason": reason_words(did.error)}
    match did.state:
        case StepState.DONE:
            return [_("Done %(at)s, %(took)s.") % words, *_tries(did)]
        case StepState.FAILED:
            return [_("Refused %(at)s. %(reason)s") % words, *_tries(did)]
        case StepState.UNKNOWN:
            doubt = _("It may have happened all the same, so it is undone to be safe.")
            return [_("Not confirmed %(at)s. %(reason)s") % words, doubt, *_tries(did)]
    return [_("The last try failed %(at)s. %(reason)s") % words, *_tries(did)]


def _undone_lines(undid: SagaStepRecord | None) -> list[str]:
    if undid is None:
        return []
    words = {"at": spoken(undid.finished_at), "reason": reason_words(undid.error)}
    match undid.state:
        case StepState.DONE:
            return [_("Undone %(at)s.") % words, *_tries(undid)]
        case StepState.SKIPPED:
            return [_("There is nothing to undo here.")]
        case StepState.STUCK:
            return [_("It could not be undone %(at)s. %(reason)s") % words, *_tries(undid)]
    return [_("Undoing it failed %(at)s and is tried again. %(reason)s") % words]


def _tries(record: SagaStepRecord) -> list[str]:
    if record.attempts < 2:
        return []
    return [ngettext("%(count)d try.", "%(count)d tries.", record.attempts) % {"count": record.attempts}]


def _took(record: SagaStepRecord) -> str:
    return took_words(record.finished_at - record.started_at if record.started_at else timedelta())
