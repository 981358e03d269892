"""The engine against labelled conversations: exact on those it was tuned on, measured on those it was not."""

import sys
from collections import Counter

import pytest

from core.text import fold
from sdr.contract import FACTS, Fact
from sdr.engine.local import LocalModel
from sdr.scoring import score
from tests.sdr.dialogs import NOW, Dialog, load_dialogs

TUNING, HELD_OUT = load_dialogs("tuning"), load_dialogs("held_out")
EVERY = [*TUNING, *HELD_OUT]
LEAST_FACT, LEAST_TEMPERATURE = 0.85, 0.80


def is_right(talk: Dialog, name: str, found: Fact | None) -> bool:
    if (found.level if found else None) != talk.facts[name]:
        return False
    return name not in talk.values or (found is not None and fold(found.value) == fold(talk.values[name]))


def wrong_facts(talk: Dialog) -> list[str]:
    facts = LocalModel().answer(talk.profile, talk.history, {}, NOW).facts
    return [name for name in FACTS if not is_right(talk, name, facts.get(name))]


def test_the_set_is_broad() -> None:
    assert len(EVERY) >= 60
    assert len({talk.trade for talk in EVERY}) >= 6
    assert {talk.temperature for talk in HELD_OUT} == {"quente", "morno", "frio", "muito_frio"}
    assert not {talk.lines for talk in TUNING} & {talk.lines for talk in HELD_OUT}


@pytest.mark.parametrize("talk", TUNING, ids=range(len(TUNING)))
def test_a_tuning_dialog_is_understood(talk: Dialog) -> None:
    turn = LocalModel().answer(talk.profile, talk.history, {}, NOW)
    assert wrong_facts(talk) == []
    assert score(turn.facts, talk.history).temperature == talk.temperature
    assert (turn.human_reason, turn.opt_out) == (talk.human_reason, talk.opt_out)


def test_unseen_dialogs_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    right: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for talk in HELD_OUT:
        turn = LocalModel().answer(talk.profile, talk.history, {}, NOW)
        for name in FACTS:
            # What is neither there nor found would only flatter the figure.
            if talk.facts[name] or name in turn.facts:
                seen[name] += 1
                right[name] += is_right(talk, name, turn.facts.get(name))
        seen["temperature"] += 1
        right["temperature"] += score(turn.facts, talk.history).temperature == talk.temperature
        seen["human"] += 1
        right["human"] += turn.human_reason == talk.human_reason
    shares = {name: right[name] / seen[name] for name in seen}
    report = ", ".join(f"{name} {right[name]}/{seen[name]} = {share:.0%}" for name, share in shares.items())
    with capsys.disabled():
        sys.stdout.write(f"\nheld-out: {report}\n")
    assert all(shares[name] >= LEAST_FACT for name in FACTS)
    assert shares["temperature"] >= LEAST_TEMPERATURE
    assert shares["human"] >= LEAST_FACT


@pytest.mark.parametrize("talk", EVERY, ids=range(len(EVERY)))
def test_every_fact_names_the_message_that_says_it(talk: Dialog) -> None:
    customers = {line.id: line.text for line in talk.history if line.author == "customer"}
    facts = LocalModel().answer(talk.profile, talk.history, {}, NOW).facts
    assert all(fact.quote and fact.quote in customers[fact.message_id] for fact in facts.values())
