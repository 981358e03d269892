"""How well the SDR understands conversations that its rules were not tuned on: by the local engine, and by every provider with a key.

Goals: each fact 90 %, temperature 85 %, nothing said twice.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from sdr.contract import (
    FACTS,
    Account,
    BusinessProfile,
    ChatMessage,
    Fact,
    ModelAnswerError,
    ModelUnavailableError,
    Turn,
)
from sdr.costs import cost_micros
from sdr.labelled import NOW, Dialog, load_dialogs
from sdr.labelled.measuring import count_repeats, measure
from sdr.registry import PROVIDERS, get_provider
from sdr.services.accounts import platform_account

GOALS: Final = {**dict.fromkeys(FACTS, 0.90), "temperature": 0.85, "repeats": 0}
MICROS: Final = 1_000_000


class Meter:
    """Answers by one provider and adds up what it cost; a call that fails counts as nothing understood."""

    def __init__(self, code: str, account: Account) -> None:
        self.code, self.account = code, account
        self.calls, self.failures, self.micros = 0, 0, 0

    def __call__(self, profile: BusinessProfile, history: Sequence[ChatMessage], known: Mapping[str, Fact]) -> Turn:
        self.calls += 1
        try:
            turn = get_provider(self.code).answer(self.account, profile, history, known, NOW)
        except (ModelUnavailableError, ModelAnswerError):
            self.failures += 1
            return Turn("", dict(known))
        self.micros += cost_micros(turn.usage)
        return turn


def run(size: int = 1000) -> dict[str, Any]:
    """Measure on at most ``size`` conversations of each half."""
    halves = {name: load_dialogs(name)[:size] for name in ("held_out", "tuning")}
    accounts = {code: platform_account(code) for code in PROVIDERS}
    judge = partial(_judge, halves["held_out"])
    results = {code: judge(Meter(code, account)) for code, account in accounts.items() if account is not None}
    seen = measure(halves["tuning"], Meter("local", Account())).as_dict()
    return {
        "goals": GOALS, "conversations": {name: len(dialogs) for name, dialogs in halves.items()},
        "unseen": results, "local_on_the_half_it_was_tuned_on": seen, "met": _is_met(results["local"]),
    }  # fmt: skip


def _judge(dialogs: Sequence[Dialog], meter: Meter) -> dict[str, Any]:
    shares = measure(dialogs, meter)
    # Understanding a talk to its end is what one qualification costs; the calls of the second pass are the single turns.
    whole = meter.micros / MICROS / len(dialogs)
    before = meter.calls, meter.micros
    repeats = count_repeats(dialogs, meter)
    turns, spent = meter.calls - before[0], (meter.micros - before[1]) / MICROS
    return {
        **shares.as_dict(), "repeats": repeats, "calls_failed": meter.failures, "brl_per_reading": round(whole, 5),
        "brl_per_qualification": round(spent / len(dialogs), 5), "turns": turns,
    }  # fmt: skip


def _is_met(result: Mapping[str, Any]) -> bool:
    return all(result[name] >= goal for name, goal in GOALS.items() if name != "repeats") and result["repeats"] == 0
