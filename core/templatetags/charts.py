"""Template tags for charts; the shapes come from :mod:`core.charts`."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils import formats

from core.charts import INTERVALS, Series, Step, nice_ceiling, plot, ribbons, thinned
from core.charts import spark as spark_shape

register = template.Library()


@register.inclusion_tag("components/spark.html")
def spark(values: Sequence[float] | None, tone: str = "") -> dict[str, Any]:
    """Draw a line without words; ``tone`` "warm" is the second chart colour. Nothing for fewer than two values."""
    return {"shape": spark_shape(values) if values and len(values) > 1 else None, "tone": tone}


@register.inclusion_tag("components/line_chart.html")
def line_chart(
    caption: str, labels: Sequence[str], series: Sequence[Series], label_name: str = "", size: str = "", key: str = "",
    links: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Draw up to two series over the same labels, with the figures in a table behind it.

    ``caption`` names the table, ``label_name`` its first column; ``size`` "sm" is lower;
    ``key`` tells the table from others on a page that refreshes, so that it stays open; ``links`` are the addresses of what is
    behind the figures of each label.
    """
    ceiling = nice_ceiling(max((value for one in series for value in one.values), default=0))
    return {
        "caption": caption,
        "label_name": label_name,
        "size": size,
        "key": key,
        "lines": [(one, plot(one.values, ceiling)) for one in series if one.values],
        "grid": [f"{i * 100 / INTERVALS:g}" for i in range(INTERVALS + 1)],
        "y_labels": [_whole(ceiling * (INTERVALS - i) // INTERVALS) for i in range(INTERVALS + 1)],
        "x_labels": thinned(labels),
        "rows": list(
            zip(labels, zip(*(one.values for one in series), strict=True), links or [""] * len(labels), strict=True)
        ),
        "series": series,
    }


@register.inclusion_tag("components/funnel.html")
def funnel(steps: Sequence[Step]) -> dict[str, Any]:
    """Draw a funnel: a ribbon when wide, a bar for each step when narrow."""
    return {"ribbons": ribbons(steps), "most": max((step.value for step in steps), default=0) or 1}


def _whole(value: float) -> str:
    return formats.number_format(value, 0, force_grouping=True)
