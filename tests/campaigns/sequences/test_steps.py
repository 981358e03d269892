"""Steps as they are written, and changed while a sequence runs: for those who have not come so far."""

from typing import Any

import pytest

from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Campaign
from campaigns.sequences.steps import StepDraft, drafts_of, save_steps
from campaigns.services import lifecycle
from tests.campaigns.sequences.conftest import DAY, MONDAY, TWO_MORE, deliver, steps_of, sweep

pytestmark = pytest.mark.django_db
USUAL = ("replied", "booked")


def test_what_is_written_comes_back(make_campaign: Any, in_acme: Any) -> None:
    drafts = [StepDraft(4, ["Um", "Outro"], "hours"), StepDraft(3, ["Fim"], "days")]
    campaign = save_steps(make_campaign(), drafts, USUAL)
    assert drafts_of(campaign) == drafts
    assert campaign.stops_on == ["replied", "booked"]
    assert list(campaign.variants.order_by("step", "label").values_list("label", flat=True)) == ["A", "2A", "2B", "3A"]
    assert drafts_of(save_steps(campaign, [], ())) == []
    assert list(campaign.variants.values_list("label", flat=True)) == ["A"]


@pytest.mark.parametrize(
    "drafts",
    [
        [StepDraft(0, ["x"])], [StepDraft(366, ["x"])], [StepDraft(721, ["x"], "hours")], [StepDraft(1, [" "])],
        [StepDraft(1, ["x" * 4097])], [StepDraft(1, ["a\x00"])], [StepDraft(1, list("abcdef"))], [StepDraft(1, ["x"])] * 10,
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_changes_nothing(make_campaign: Any, in_acme: Any, drafts: list[StepDraft]) -> None:
    campaign = save_steps(make_campaign(), TWO_MORE, USUAL)
    with pytest.raises(CampaignIncompleteError) as refusal:
        save_steps(campaign, drafts, USUAL)
    assert refusal.value.code == "steps"
    assert drafts_of(campaign) == TWO_MORE


@pytest.mark.parametrize(
    "row", [{"wait": "x", "texts": ["a"]}, {"texts": []}, {"wait": 1, "texts": ["a"], "unit": "weeks"}]
)
def test_what_was_typed_is_read_with_care(row: dict[str, Any]) -> None:
    with pytest.raises(CampaignIncompleteError):
        StepDraft.of(row)


def test_a_new_text_is_for_those_who_have_not_come_so_far(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence(4)
    deliver(MONDAY, position__lte=2)
    sweep(clock, MONDAY + 2 * DAY)
    deliver(MONDAY + DAY, position__gt=2)
    campaign = save_steps(campaign, [StepDraft(2, ["Outro texto"]), TWO_MORE[1]], USUAL)
    sweep(clock, MONDAY + 3 * DAY)
    bodies = dict(campaign.recipients.filter(step=2).values_list("position", "body"))
    assert [bodies[position] for position in (1, 2, 3, 4)] == [
        "Lembra, Pessoa?", "Lembra, Pessoa?", "Outro texto", "Outro texto",
    ]  # fmt: skip
    assert dict(campaign.variants.filter(step=2).values_list("label", "weight")) == {"2A": 0, "2B": 1}


def test_a_shorter_wait_counts_at_once(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    save_steps(campaign, [StepDraft(1, ["Lembra?"]), TWO_MORE[1]], USUAL)
    assert sweep(clock, MONDAY + DAY) == 3


def test_a_new_last_step_is_for_those_who_got_the_one_before(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence(drafts=[TWO_MORE[0]])
    deliver(MONDAY)
    sweep(clock, MONDAY + 2 * DAY)
    deliver(MONDAY + 2 * DAY)
    save_steps(campaign, TWO_MORE, USUAL)
    assert sweep(clock, MONDAY + 5 * DAY) == 3
    assert set(map(tuple, steps_of(campaign).values())) == {(1, 2, 3)}


def test_a_last_step_that_nobody_has_reached_may_go(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    sweep(clock, MONDAY + 2 * DAY)
    save_steps(campaign, TWO_MORE[:1], USUAL)
    deliver(MONDAY + 2 * DAY)
    sweep(clock, MONDAY + 2 * DAY)
    campaign.refresh_from_db()
    assert campaign.state == "completed"


def test_a_step_that_somebody_has_reached_stays(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    sweep(clock, MONDAY + 2 * DAY)
    with pytest.raises(CampaignIncompleteError, match="2"):
        save_steps(campaign, [], USUAL)


def test_a_sequence_that_has_ended_is_not_changed(make_sequence: Any, clock: Any) -> None:
    campaign = lifecycle.cancel(make_sequence())
    with pytest.raises(CampaignStateError):
        save_steps(campaign, TWO_MORE, USUAL)


def test_deleting_a_sequence_leaves_nothing(make_sequence: Any, clock: Any) -> None:
    campaign = lifecycle.cancel(make_sequence())
    lifecycle.delete(campaign)
    assert not Campaign.objects.exists()
