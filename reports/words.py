"""The figures in words: how a widget is named and compared, and where the funnel loses most."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.charts import Step
from reports.queries.overview import Figure, Overview

RATES = ("success", "conversion")
MOST_PERCENT = 999


@dataclass(frozen=True)
class Delta:
    """A change against the stretch before; ``trend`` is up, down or flat."""

    trend: str
    text: str


@dataclass(frozen=True)
class Widget:
    """One of the six figures as it is drawn."""

    name: str
    value: float
    is_rate: bool
    delta: Delta | None
    course: Sequence[float]
    tone: str


def widgets(figures: dict[str, Figure]) -> list[Widget]:
    """Return the six widgets in their order."""
    names = {
        "leads": _("Leads extracted"),
        "sent": _("Messages sent"),
        "success": _("Success rate"),
        "active": _("Active campaigns"),
        "deals": _("Closed deals"),
        "conversion": _("Overall conversion"),
    }
    return [_widget(key, name, figures[key]) for key, name in names.items()]


def _widget(key: str, name: str, figure: Figure) -> Widget:
    is_rate = key in RATES
    course = figure.course if any(figure.course) else ()
    return Widget(name, figure.value, is_rate, delta(figure, is_rate), course, "warm" if key == "active" else "")


def delta(figure: Figure, is_rate: bool) -> Delta | None:
    """Return the change: points for a rate, percent for a count, None without anything to compare with."""
    if figure.before is None:
        return None
    change = figure.value - figure.before if is_rate else (figure.value - figure.before) * 100 / figure.before
    change = round(change, 1) if is_rate else round(change)
    if not change:
        return Delta("flat", _("same"))
    trend = "up" if change > 0 else "down"
    if is_rate:
        points = formats.number_format(abs(change), 1)
        return Delta(trend, _("%(points)s p.p.") % {"points": points})
    if abs(change) > MOST_PERCENT:
        return Delta(trend, f"{formats.number_format(round(change / 100 + 1), 0)}x")
    return Delta(trend, f"{abs(change):.0f}%")


def sent_name() -> str:
    """Return what the line of sent messages is called."""
    return pgettext("messages", "Sent")


def answers_name() -> str:
    """Return what the line of answers is called."""
    return _("Answers")


def funnel_steps(figures: Overview) -> list[Step]:
    """Return the way from a message to a deal."""
    return [
        Step(sent_name(), figures.messages_sent),
        Step(pgettext("messages", "Delivered"), figures.delivered),
        Step(pgettext("messages", "Read"), figures.read),
        Step(pgettext("people", "Answered"), figures.replied),
        Step(pgettext("people", "Qualified"), figures.qualified),
        Step(pgettext("deals", "Closed"), figures.closed_deals),
    ]


def greatest_loss(steps: Sequence[Step]) -> str:
    """Return in one sentence where most people are lost; a step that nobody reached yet says nothing."""
    sentences = [
        _("The greatest loss is on the way: %(percent)d%% of what leaves does not arrive."),
        _("The greatest loss is between arriving and reading: %(percent)d%% do not open it."),
        _("The greatest loss is between reading and answering: %(percent)d%% read and do not answer."),
        _("The greatest loss is between answering and being qualified: %(percent)d%% stop halfway."),
        _("The greatest loss is between being qualified and buying: %(percent)d%% do not close."),
    ]
    losses = [
        100 - after.value * 100 / before.value if before.value and after.value else 0.0
        for before, after in itertools.pairwise(steps)
    ]
    worst = max(range(len(losses)), key=lambda i: losses[i])
    percent = round(losses[worst])
    return sentences[worst] % {"percent": percent} if percent > 0 else ""
