"""What journals hold as codes and names of errors, in words for owners."""

import re
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sagas.errors import SagaNotDefinedError
from sagas.models import SagaExecution
from sagas.orchestrator import orchestrator

# What the sagas themselves say; the reasons that steps give are words already.
REASONS: Final[dict[str, object]] = {
    "no answer in time": gettext_lazy("It did not answer in time."),
    "interrupted too often": gettext_lazy("It was interrupted too often."),
    "undo requested": gettext_lazy("Somebody asked for it to be undone."),
    "definition changed": gettext_lazy("The steps of this process have changed since it began."),
}
SERVICES: Final[dict[str, object]] = {
    "stripe": "Stripe",
    "focus_nfe": "Focus NFe",
    "google": "Google",
    "telegram": "Telegram",
    "openai": "OpenAI",
    "gateway": gettext_lazy("Server of the numbers"),
}
_PROGRAM_ERROR = re.compile(r"^\w*(?:Error|Exception|Timeout|Warning)\b: |^[A-Z]\w+: |^[A-Z]\w*(?:Error|Timeout)$")


def reason_words(reason: str) -> str:
    """Return why something did not come through; what only programmers understand becomes one plain sentence."""
    if not reason:
        return ""
    if reason in REASONS:
        return str(REASONS[reason])
    return _("The other side did not answer as expected.") if _PROGRAM_ERROR.match(reason) else reason


def process_words(execution: SagaExecution) -> str:
    """Return what the process is called."""
    try:
        return str(orchestrator.definition(execution.definition).label) or execution.definition
    except SagaNotDefinedError:
        return execution.definition


def step_words(execution: SagaExecution, step: str) -> str:
    """Return what a step of the process is called."""
    try:
        return orchestrator.definition(execution.definition).label_of(step)
    except SagaNotDefinedError:
        return step


def service_name(dependency: str) -> str:
    """Return the name by which people know a service."""
    return str(SERVICES.get(dependency, dependency.replace("_", " ").capitalize()))


def took_words(span: timedelta) -> str:
    """Return a length of time, e.g. ``em 3 s``."""
    seconds = int(span.total_seconds())
    if seconds < 1:
        return _("in less than a second")
    if seconds < 120:
        return ngettext("in %(count)d second", "in %(count)d seconds", seconds) % {"count": seconds}
    if seconds < 7200:
        return ngettext("in %(count)d minute", "in %(count)d minutes", seconds // 60) % {"count": seconds // 60}
    return ngettext("in %(count)d hour", "in %(count)d hours", seconds // 3600) % {"count": seconds // 3600}
