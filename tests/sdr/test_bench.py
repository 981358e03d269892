from typing import Any

from sdr.bench import GOALS, Meter, run
from sdr.contract import Account
from sdr.labelled import NOW, load_dialogs
from sdr.labelled.measuring import Shares
from tests.sdr.providers.openai_server import serving


def test_the_local_engine_meets_its_goals_and_costs_nothing() -> None:
    result = run()
    local = result["unseen"]["local"]
    assert result["met"]
    assert (local["repeats"], local["brl_per_qualification"]) == (0, 0)
    assert set(GOALS) <= set(local)
    assert result["conversations"]["held_out"] + result["conversations"]["tuning"] >= 150


def test_a_provider_with_a_key_is_measured_beside_it(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_MODEL = "sk-test", "gpt-4o"
    with serving() as server:
        settings.OPENAI_BASE_URL = server.url
        result = run(2)
    # The server says "{}", which is no answer: every call counts as failed, none as understood.
    assert result["unseen"]["openai"]["calls_failed"] >= 2
    assert result["unseen"]["openai"]["temperature"] <= 1
    assert result["met"] in {True, False}


def test_a_call_that_fails_keeps_what_was_known() -> None:
    talk = load_dialogs("held_out")[0]
    with serving() as server:
        server.status = 500
        meter = Meter("openai", Account("sk-test", "gpt-4o", server.url))
        assert meter(talk.profile, talk.history, {}).facts == {}
    assert (meter.calls, meter.failures, meter.micros) == (1, 1, 0)
    assert NOW.tzinfo


def test_shares_are_told_with_their_counts() -> None:
    shares = Shares()
    shares.note("name", True)
    shares.note("name", False)
    assert (str(shares), shares.as_dict()) == ("name 1/2 = 50%", {"name": 0.5})
