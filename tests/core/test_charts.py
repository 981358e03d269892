import re

import pytest
from django.template import Context, Template
from django.utils import translation

from core.charts import Series, Step, nice_ceiling, plot, ribbons, smooth_path, spark, thinned

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def heights(path: str) -> list[float]:
    """Return every second number of a path of M and C: the heights of its points and of the handles of its curves."""
    return [float(number) for number in NUMBER.findall(path)][1::2]


def drawn(source: str, **values: object) -> str:
    with translation.override("pt-br"):
        return Template("{% load charts %}" + source).render(Context(values))


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 4), (3, 4), (5, 8), (17, 20), (842, 1000), (1518, 1600), (90_000, 100_000)]
)
def test_an_axis_ends_at_a_number_whose_quarters_are_round(highest: int, top: int) -> None:
    assert nice_ceiling(highest) == top


def test_a_curve_passes_through_every_point() -> None:
    path = smooth_path([(0, 10), (50, 2), (100, 8)])
    assert path.startswith("M0 10C")
    assert " 50 2C" in path
    assert path.endswith(" 100 8")


def test_a_curve_never_swings_beyond_its_points() -> None:
    values = [0, 40, 0, 0, 100, 3, 3, 90, 1]
    assert all(0 <= height <= 100 for height in heights(plot(values, 100).line))


def test_a_sparkline_of_equal_values_is_a_line_in_the_middle() -> None:
    assert set(heights(spark([7, 7, 7]).line)) == {15.0}


def test_a_single_value_is_drawn_as_a_line() -> None:
    assert plot([5], 10).line == "M0 50C33.3 50 66.7 50 100 50"


def test_a_funnel_tapers_and_gives_each_step_as_a_share_of_the_one_before() -> None:
    found = ribbons([Step("Enviadas", 200), Step("Lidas", 150), Step("Fechados", 3)])
    assert [one.rate for one in found] == [None, 75.0, 2.0]
    assert found[0].path.startswith("M0 1.8C")
    assert found[2].path.endswith("Z")


def test_a_funnel_of_nothing_has_rates_of_zero() -> None:
    assert [one.rate for one in ribbons([Step("Enviadas", 0), Step("Lidas", 0)])] == [None, 0.0]


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (7, 7), (8, 8), (30, 8), (31, 7), (90, 8)])
def test_a_long_axis_keeps_a_few_labels_and_both_ends(count: int, kept: int) -> None:
    labels = [str(n) for n in range(count)]
    found = thinned(labels)
    assert (len(found), found[0], found[-1]) == (kept, labels[0], labels[-1])


def test_shapes_have_points_even_where_numbers_have_commas() -> None:
    html = drawn("{% spark values %}", values=[1, 2.5, 3])
    shapes = re.findall(r' d="([^"]*)"', html)
    assert len(shapes) == 2
    assert not any("," in shape for shape in shapes)


def test_too_few_values_draw_no_sparkline() -> None:
    assert drawn("{% spark values %}", values=[1]).strip() == ""
    assert drawn("{% spark values %}", values=None).strip() == ""


def test_a_chart_has_a_table_with_every_figure_behind_it() -> None:
    series = [Series("Enviadas", [842, 1518]), Series("Respostas", [148, 262])]
    html = drawn("{% line_chart 'Envios' labels series %}", labels=["sex 13", "sáb 14"], series=series)
    assert html.count('class="series') == 4  # two lines, two keys in the legend
    for cell in ("842", "1.518", "148", "262", "sáb 14"):
        assert cell in html
    assert "<span>1.600</span>" in html


def test_a_chart_of_one_series_needs_no_legend() -> None:
    html = drawn("{% line_chart 'Envios' labels series %}", labels=["a", "b"], series=[Series("Enviadas", [1, 2])])
    assert "chart-legend" not in html


def test_a_funnel_shows_figures_and_shares_as_brazilians_write_them() -> None:
    html = drawn("{% funnel steps %}", steps=[Step("Enviadas", 6412), Step("Entregues", 6198)])
    assert '<span class="funnel-value">6.412</span>' in html
    assert "96,7%" in html
    assert 'max="6412" value="6198"' in html


def test_a_step_after_an_empty_one_has_no_rate() -> None:
    assert [one.rate for one in ribbons([Step("Lista", 5), Step("Agendaram", 0), Step("Pagaram", 2)])] == [
        None,
        0.0,
        None,
    ]
