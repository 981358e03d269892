"""The leads behind a number as a table for people's spreadsheets."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.phones import format_national
from sdr.contract import FACTS
from sdr.insights.outcomes import KINDS, Leads, with_outcome
from sdr.models import Qualification

BATCH = 500
TEMPERATURE_NAMES = {
    "quente": lambda: _("Hot"), "morno": lambda: _("Warm"), "frio": lambda: _("Cold"), "muito_frio": lambda: _("Very cold"),
}  # fmt: skip


def lead_rows(leads: Leads) -> tuple[list[str], Iterator[list[Any]]]:
    """Return the headers and the rows, the newest lead first."""
    headers = [
        _("Name"), _("Phone"), _("State"), _("Temperature"), _("Score"), _("Began at"), _("Qualified at"), _("Minutes to qualify"),
        _("Service"), _("Urgency"), _("Knowledge"), _("Place"), _("Why a person took over"),
        pgettext("people", "Booked"), _("Came or paid"), pgettext("people", "Paid"),
    ]  # fmt: skip
    return headers, _rows(leads)


def _rows(leads: Leads) -> Iterator[list[Any]]:
    reached = {kind: set(with_outcome(leads, kind).values_list("pk", flat=True)) for kind in KINDS}
    rows = leads.select_related("contact").order_by("-started_at", "-pk")
    for row in rows.iterator(chunk_size=BATCH):
        yield [*_told(row), *(row.pk in reached[kind] for kind in KINDS)]


def _told(row: Qualification) -> list[Any]:
    facts = {name: (row.facts.get(name) or {}).get("value", "") for name in FACTS}
    taken = None if row.minutes is None else round(row.minutes, 1)
    name = TEMPERATURE_NAMES.get(row.temperature)
    return [
        row.contact.name, format_national(row.contact.phone) if row.contact.phone else "", row.get_status_display(), name() if name else "",
        row.score if row.temperature else None, row.started_at, row.qualified_at, taken,
        facts["interest"], facts["urgency"], facts["knowledge"], facts["location"], row.handoff_reason,
    ]  # fmt: skip
