from sdr.forms import RubricForm
from sdr.scoring import LEVELS, THRESHOLDS, Rubric


def form(**changes: int) -> RubricForm:
    data = {f"{criterion}_{level}": points for criterion, levels in LEVELS.items() for level, points in levels.items()}
    limits = {f"threshold_{name}": points for name, points in THRESHOLDS.items()}
    return RubricForm({**data, **limits, **changes}, rubric=Rubric())


def test_the_default_weights_are_valid() -> None:
    assert form().is_valid()


def test_weights_that_add_up_to_more_than_130_are_refused() -> None:
    assert not form(urgency_week=60).is_valid()


def test_thresholds_must_go_down() -> None:
    assert not form(threshold_morno=95).is_valid()
