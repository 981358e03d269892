"""The report of a campaign as a document to send on: the figures of the page, each table with its sums."""

from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from campaigns.models import Campaign
from campaigns.queries.report import failures
from campaigns.results.cells import Cell
from campaigns.results.lines import WAYS, Line, results_now
from campaigns.results.people import People, people_of
from campaigns.results.tables import people_headers, way_header
from core.clock import now
from core.moments import spoken_date_time
from core.money import format_brl
from core.paper import Bar, Figure, Paper

COUNTED = ("total", "sent", "delivered", "read", "replied", "qualified", "booked", "paid", "won", "failed")
WIDTHS = (30, 14, 18, 18, 15, 23, 22, 20, 17, 18, 16, 20, 21, 23)
STEPS = ("total", "delivered", "read", "replied", "qualified", "booked", "paid")


def paper_of(campaign: Campaign) -> bytes:
    """Return the report as PDF."""
    found = results_now(campaign, *WAYS)
    whole = found[WAYS[0]].whole
    paper = Paper(campaign.name, campaign.organization.name)
    paper.opening(campaign.name, _opening(campaign))
    paper.figures(_figures(whole))
    paper.heading(_("From the list to the money"))
    paper.bars(_bars(people_of(campaign, whole.people)))
    for way in WAYS:
        paper.heading({"variante": _("By variation"), "numero": _("By number"), "hora": _("By hour")}[way])
        rows = [_row(line.name, line) for line in found[way].lines]
        paper.grid([way_header(way), *_headers()], rows, widths=WIDTHS, last=_row(_("Total"), whole))
    if reasons := failures(campaign):
        paper.heading(_("Why some failed"))
        paper.grid([_("Reason"), _("People")], [[words, _count(count)] for count, words in reasons], widths=(9, 1))
    return paper.written()


def _opening(campaign: Campaign) -> list[str]:
    """Return when it ran, what counts for it and of when the figures are."""
    lines = []
    if campaign.started_at and campaign.finished_at:
        span = {"start": spoken_date_time(campaign.started_at), "end": spoken_date_time(campaign.finished_at)}
        lines.append(_("Sent from %(start)s to %(end)s.") % span)
    elif campaign.started_at:
        lines.append(_("Sending since %(start)s.") % {"start": spoken_date_time(campaign.started_at)})
    days = campaign.attribution_days
    words = ngettext(
        "What people do within %(days)s day of the message counts, for the last campaign that wrote to them.",
        "What people do within %(days)s days of the message counts, for the last campaign that wrote to them.", days,
    )  # fmt: skip
    lines.append(words % {"days": days})
    if campaign.steps.exists():
        lines.append(_("The funnel counts each person once, the tables count messages."))
    lines.append(_("Figures of %(at)s.") % {"at": spoken_date_time(now())})
    return lines


def _figures(whole: Line) -> list[Figure]:
    each, money = whole.cents_per_qualified, {"fee": format_brl(whole.fee_cents), "ai": format_brl(whole.ai_cents)}
    return [
        Figure(_("Cost"), format_brl(whole.cost_cents), _("%(fee)s of Meta, %(ai)s of AI") % money),
        Figure(_("Cost per qualified lead"), "–" if each is None else format_brl(each)),
        Figure(_("Revenue"), format_brl(whole.revenue_cents)),
        Figure(_("What is left"), format_brl(whole.result_cents), _("revenue without the cost")),
    ]


def _bars(people: Cell | People) -> list[Bar]:
    names = dict(zip(COUNTED, people_headers(), strict=True))
    names["total"] = pgettext("funnel", "List")
    values = [getattr(people, step) for step in STEPS]
    before = [0, *values]
    return [
        Bar(
            names[step],
            value / values[0] if values[0] else 0.0,
            _share(value, before[number]) if number else _count(value),
        )
        for number, (step, value) in enumerate(zip(STEPS, values, strict=True))
    ]


def _share(value: int, before: int) -> str:
    """Return a count and its share of the step before, as the funnel of the page has it."""
    # Rounded here: the format alone would cut the decimals off.
    share = "–" if value else number_format(0, 1) + "%"
    share = number_format(round(value / before * 100, 1), 1) + "%" if before else share
    return f"{_count(value)}  ({share})"


def _headers() -> list[str]:
    return [*people_headers(), _("Cost"), _("Per qualified lead"), _("Revenue")]


def _row(name: str, line: Line) -> Sequence[str]:
    each = line.cents_per_qualified
    people = [_count(getattr(line.people, column)) for column in COUNTED]
    return [
        name,
        *people,
        format_brl(line.cost_cents),
        "" if each is None else format_brl(each),
        format_brl(line.revenue_cents),
    ]


def _count(number: int) -> str:
    return number_format(number, 0, use_l10n=True, force_grouping=True)
