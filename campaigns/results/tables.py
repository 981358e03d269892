"""Results as rows of a spreadsheet: the lines of a breakdown, and each recipient with what followed."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from campaigns.models import Campaign, Recipient, RecipientState, SkipReason
from campaigns.queries import figures, report
from campaigns.results.cells import ARRIVED, Cell, deeds_of, fee_micros
from campaigns.results.lines import Line
from core.money import reais
from core.pagination import keyset_page
from gateways.models import Channel

Rows = tuple[list[str], Iterator[list[Any]]]
MICRO_DIGITS = 6
BATCH = 2_000
REMEMBERED = 500
COLUMNS = (
    "campaign_id", "position", "phone", "variant_id", "channel_id", "state", "skip_reason", "error_code", "error", "sent_at",
    "delivered_at", "read_at", "replied_at", "won_at", "contact__name",
)  # fmt: skip


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


def recipient_rows(campaign: Campaign, recipients: "QuerySet[Recipient]") -> Rows:
    """Return headers and rows of recipients. Money has six decimals: its sum, rounded to cents, is the figure of the page.

    They are read page by page as they are written: a million takes no more memory than a thousand, and begins as soon.
    """
    headers = [
        _("Name"), _("Phone"), _("Variation"), _("Number"), _("State"), _("Reason"), pgettext("at", "Sent"),
        pgettext("at", "Delivered"), pgettext("at", "Read"), pgettext("at", "Answered"), pgettext("person", "Qualified"),
        _("Bookings"), _("Payments"), _("Deal closed"), _("Meta's fee (R$)"), _("AI (R$)"), _("Revenue (R$)"),
    ]  # fmt: skip
    names = _Names(campaign)
    return headers, (row for page in _pages(recipients) for row in _recipient_rows(campaign, page, names))


class _Names:
    """What is the same for very many rows, looked up once."""

    def __init__(self, campaign: Campaign) -> None:
        self.variants: dict[UUID | None, str] = dict(campaign.variants.values_list("pk", "label"))
        self.channels: dict[UUID | None, str] = dict(Channel.objects.values_list("pk", "name"))
        self.states = {value: str(label) for value, label in RecipientState.choices}
        self.skips = {value: str(label) for value, label in SkipReason.choices}
        self._errors: dict[tuple[str, str], str] = {}

    def reason(self, one: Recipient) -> str:
        if one.skip_reason:
            return self.skips.get(one.skip_reason, one.skip_reason)
        known = self._errors.get((one.error_code, one.error))
        if known is None:
            known = reason_words(one)
            if len(self._errors) < REMEMBERED:
                self._errors[one.error_code, one.error] = known
        return known


def _pages(recipients: "QuerySet[Recipient]") -> Iterator[list[Recipient]]:
    rows = recipients.select_related(None).select_related("contact").only(*COLUMNS)
    cursor: str | None = None
    while True:
        page = keyset_page(rows, order="position", cursor=cursor, size=BATCH)
        yield page.items
        if (cursor := page.next_cursor) is None:
            return


def _recipient_rows(campaign: Campaign, recipients: Sequence[Recipient], names: _Names) -> Iterator[list[Any]]:
    deeds, nothing = deeds_of(campaign, recipients), Cell()
    return (_recipient_row(campaign, one, deeds.get(one.pk, nothing), names) for one in recipients)


def _recipient_row(campaign: Campaign, one: Recipient, did: Cell, names: _Names) -> list[Any]:
    fee = fee_micros(campaign, one.variant_id, one.channel_id) if one.state in ARRIVED else 0
    return [
        one.contact.name, one.phone, names.variants.get(one.variant_id, ""), names.channels.get(one.channel_id, ""),
        names.states[one.state], names.reason(one), one.sent_at, one.delivered_at, one.read_at, one.replied_at,
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
