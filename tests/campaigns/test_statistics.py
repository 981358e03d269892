"""The tests of two wordings against known values, and the draw that divides people among them."""

import pytest

from campaigns.statistics import Sample, answers_missing, chances, p_value


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # Fisher's tea: 3 of 4 against 1 of 4.
        (Sample(4, 3), Sample(4, 1), 0.4857142857),
        # The exact test of the textbook on jet lag of two groups: 10 of 10 against 0 of 10.
        (Sample(10, 10), Sample(10, 0), 0.0000108251),
        # Pooled z of 50/1000 and 80/1000: z = 2.7210.
        (Sample(1000, 50), Sample(1000, 80), 0.0065087),
        (Sample(100, 10), Sample(100, 10), 1.0),
        (Sample(0, 0), Sample(100, 10), 1.0),
        (Sample(10, 0), Sample(100, 0), 1.0),
        (Sample(10, 10), Sample(100, 100), 1.0),
    ],
    ids=["tea", "all or none", "large", "equal", "nothing sent", "nobody answered", "all answered"],
)
def test_the_chance_of_a_difference_is_the_known_one(one: Sample, other: Sample, expected: float) -> None:
    assert p_value(one, other) == pytest.approx(expected, rel=1e-3)
    assert p_value(other, one) == pytest.approx(p_value(one, other))


# The expected values are those of scipy 1.17: fisher_exact, and chi2_contingency without correction.
@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Sample(20, 1), Sample(30, 6), 0.21921200908249938),
        (Sample(8, 3), Sample(400, 30), 0.020456997068530006),
        (Sample(120, 2), Sample(90, 3), 0.6532821114590015),
        (Sample(15, 0), Sample(15, 4), 0.09961685823754791),
        (Sample(5, 5), Sample(1000, 990), 1.0),
    ],
    ids=["some", "uneven", "rare", "none", "nearly all"],
)
def test_small_numbers_get_the_exact_test(one: Sample, other: Sample, expected: float) -> None:
    assert p_value(one, other) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Sample(500, 60), Sample(480, 40), 0.058011771451123434),
        (Sample(90_000, 4_600), Sample(91_000, 4_400), 0.006926625378979364),
    ],
    ids=["hundreds", "thousands"],
)
def test_large_numbers_agree_with_the_test_of_a_table(one: Sample, other: Sample, expected: float) -> None:
    assert p_value(one, other) == pytest.approx(expected, rel=1e-9)


def test_as_many_answers_are_missing_as_the_difference_asks_for() -> None:
    # 10 % against 15 % with 80 % power at 95 %: 683 of each (the textbook's unpooled sum), so 171 answers in all.
    assert answers_missing(Sample(100, 10), Sample(100, 15)) == 171 - 25
    assert (answers_missing(Sample(400, 40), Sample(400, 60)) or 0) < 146
    assert (answers_missing(Sample(100, 10), Sample(100, 15), tests=3) or 0) > 146
    assert answers_missing(Sample(100, 10), Sample(100, 10)) is None
    assert answers_missing(Sample(10_000, 1_000), Sample(10_000, 1_500)) == 1


def test_the_chances_of_being_best_are_those_of_the_draw() -> None:
    alike = chances([Sample(200, 20), Sample(200, 20)], "x")
    assert sum(alike) == pytest.approx(1)
    assert abs(alike[0] - 0.5) < 0.05
    assert chances([Sample(200, 40), Sample(200, 10)], "x")[0] > 0.99
    unknown = chances([Sample(1000, 100), Sample(0, 0)], "x")
    assert unknown[1] > 0.5  # of what was never tried nobody knows that it is bad


def test_the_same_counts_give_the_same_chances() -> None:
    samples = [Sample(60, 5), Sample(70, 9)]
    assert chances(samples, "seed") == chances(samples, "seed") != chances(samples, "other")
