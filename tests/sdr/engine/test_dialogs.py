"""The engine against labelled conversations: exact on those it was tuned on, measured on those it was not."""

import sys

import pytest

from sdr.contract import FACTS
from sdr.engine.local import LocalModel
from sdr.labelled import NOW, Dialog, load_dialogs
from sdr.labelled.measuring import count_repeats, is_right, measure
from sdr.scoring import score

TUNING, HELD_OUT = load_dialogs("tuning"), load_dialogs("held_out")
EVERY = [*TUNING, *HELD_OUT]
LEAST_FACT, LEAST_TEMPERATURE = 0.90, 0.85


def wrong_facts(talk: Dialog) -> list[str]:
    facts = LocalModel().answer(talk.profile, talk.history, {}, NOW).facts
    return [name for name in FACTS if not is_right(talk, name, facts.get(name))]


def test_the_set_is_broad() -> None:
    assert len(EVERY) >= 150
    assert len({talk.trade for talk in EVERY}) >= 12
    assert {talk.temperature for talk in HELD_OUT} == {"quente", "morno", "frio", "muito_frio"}
    assert not {talk.lines for talk in TUNING} & {talk.lines for talk in HELD_OUT}


@pytest.mark.parametrize("talk", TUNING, ids=range(len(TUNING)))
def test_a_tuning_dialog_is_understood(talk: Dialog) -> None:
    turn = LocalModel().answer(talk.profile, talk.history, {}, NOW)
    assert wrong_facts(talk) == []
    assert score(turn.facts, talk.history).temperature == talk.temperature
    assert (turn.human_reason, turn.opt_out) == (talk.human_reason, talk.opt_out)


def test_unseen_dialogs_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    shares = measure(HELD_OUT, lambda profile, history, known: LocalModel().answer(profile, history, known, NOW))
    with capsys.disabled():
        sys.stdout.write(f"\nheld-out: {shares}\n")
    assert {name: share for name in FACTS if (share := shares.share(name)) < LEAST_FACT} == {}
    assert shares.share("temperature") >= LEAST_TEMPERATURE
    assert shares.share("human") >= LEAST_FACT
    assert shares.share("opt_out") >= LEAST_FACT


def test_nothing_is_said_twice_in_any_dialog() -> None:
    assert count_repeats(EVERY, lambda profile, history, known: LocalModel().answer(profile, history, known, NOW)) == 0


@pytest.mark.parametrize("talk", EVERY, ids=range(len(EVERY)))
def test_every_fact_names_the_message_that_says_it(talk: Dialog) -> None:
    customers = {line.id: line.text for line in talk.history if line.author == "customer"}
    facts = LocalModel().answer(talk.profile, talk.history, {}, NOW).facts
    assert all(fact.quote and fact.quote in customers[fact.message_id] for fact in facts.values())
