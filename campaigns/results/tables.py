"""Results as rows of a spreadsheet: the lines of a breakdown, and each recipient with what followed."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from campaigns.models import Campaign, Recipient, RecipientState
from campaigns.queries import figures, report
from campaigns.results.cells import ARRIVED, Cell, deeds_of, fee_micros
from campaigns.results.lines import Line
from core.money import reais

Rows = tuple[list[str], Iterator[list[Any]]]
MICRO_DIGITS = 6
BATCH = 2_000


def line_rows(lines: Sequence[Line], way: str) -> Rows:
    """Return headers and rows of a breakdown; its sums are the figures of the page."""
    headers = [
        way_header(way), *people_headers(), _("Meta's fee (R$)"), _("AI (R$)"), _("Cost (R$)"), _("Revenue (R$)"),
        _("Cost per qualified lead (R$)"),
    ]  # fmt: skip
    return headers, (_line_row(line) for line in lines)


def way_header(way: str) -> str:
    return {"variante": _("Variation"), "numero": _("Number"), "hora": _("Hour of sending")}[way]


def people_headers() -> list[str]:
    return [
        pgettext("funnel", "List"), pgettext("messages", "Sent"), pgettext("messages", "Delivered"), pgettext("messages", "Read"),
        pgettext("people", "Answered"), pgettext("people", "Qualified"), pgettext("people", "Booked"), pgettext("people", "Paid"),
        pgettext("deals", "Closed"), pgettext("messages", "Failed"),
    ]  # fmt: skip


def _line_row(line: Line) -> list[Any]:
    people, each = line.people, line.cents_per_qualified
    return [
        line.name, people.total, people.sent, people.delivered, people.read, people.replied, people.qualified, people.booked,
        people.paid, people.won, people.failed, reais(line.fee_cents), reais(line.ai_cents), reais(line.cost_cents),
        reais(line.revenue_cents), "" if each is None else reais(each),
    ]  # fmt: skip


def recipient_rows(campaign: Campaign, recipients: Iterable[Recipient]) -> Rows:
    """Return headers and rows of recipients. Money has six decimals: its sum, rounded to cents, is the figure of the page."""
    headers = [
        _("Name"), _("Phone"), _("Variation"), _("Number"), _("State"), _("Reason"), pgettext("at", "Sent"),
        pgettext("at", "Delivered"), pgettext("at", "Read"), pgettext("at", "Answered"), pgettext("person", "Qualified"),
        _("Bookings"), _("Payments"), _("Deal closed"), _("Meta's fee (R$)"), _("AI (R$)"), _("Revenue (R$)"),
    ]  # fmt: skip
    deeds, nothing = deeds_of(campaign), Cell()
    return headers, (_recipient_row(campaign, one, deeds.get(one.pk, nothing)) for one in recipients)


def _recipient_row(campaign: Campaign, one: Recipient, did: Cell) -> list[Any]:
    fee = fee_micros(campaign, one.variant_id, one.channel_id) if one.state in ARRIVED else 0
    return [
        one.contact.name, one.phone, one.variant.label if one.variant else "", one.channel.name if one.channel else "",
        one.get_state_display(), reason_words(one), one.sent_at, one.delivered_at, one.read_at, one.replied_at,
        bool(did.qualified), did.booked, did.paid, one.won_at,
        *(Decimal(micros).scaleb(-MICRO_DIGITS) for micros in (fee, did.ai, did.revenue)),
    ]  # fmt: skip


def state_words(state: str) -> str:
    """Return what the rows of a filter are called; empty for all."""
    named = {figures.REPLIED: pgettext("people", "Answered"), figures.PENDING: pgettext("recipients", "In line")}
    return named.get(state) or str(dict(RecipientState.choices).get(state, ""))  # type: ignore[call-overload]


def reason_words(one: Recipient) -> str:
    """Return why somebody was left out or was not reached, in plain words; empty for everybody else."""
    if one.skip_reason:
        return str(one.get_skip_reason_display())
    return report.error_words(one.error_code, one.error) if one.error_code or one.error else ""
