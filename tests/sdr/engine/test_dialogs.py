from datetime import UTC, datetime

import pytest

from sdr.contract import FACTS, ChatMessage
from sdr.engine.local import LocalModel
from sdr.scoring import score
from tests.sdr.dialogs import DIALOGS, Dialog

NOW = datetime(2026, 11, 18, 14, tzinfo=UTC)


def messages(talk: Dialog) -> list[ChatMessage]:
    authors = {"c": "customer", "b": "bot"}
    return [ChatMessage(f"m{i}", authors[letter], text, NOW) for i, (letter, text) in enumerate(talk.lines)]


@pytest.mark.parametrize("index", range(len(DIALOGS)))
def test_a_dialog_is_understood(index: int) -> None:
    talk = DIALOGS[index]
    facts = LocalModel().answer(talk.profile, messages(talk), {}, NOW).facts
    assert {name: facts[name].level if name in facts else None for name in FACTS} == {name: talk.facts[name] for name in FACTS}
    assert score(facts, messages(talk)).temperature == talk.temperature


@pytest.mark.parametrize("index", range(len(DIALOGS)))
def test_every_fact_names_a_message_of_the_customer(index: int) -> None:
    talk = DIALOGS[index]
    lines = messages(talk)
    customers = {line.id for line in lines if line.author == "customer"}
    facts = LocalModel().answer(talk.profile, lines, {}, NOW).facts
    assert all(fact.message_id in customers for fact in facts.values())
