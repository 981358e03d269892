"""The local engine: rules for Brazilian chat, no network, no key, the same answer for the same conversation."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sdr.contract import BusinessProfile, ChatMessage, Fact, OptOut, Turn, Usage
from sdr.engine.reading import last_burst, read_facts
from sdr.engine.replies import compose
from sdr.engine.signals import read_signals
from sdr.optout import opt_out_level

_STRONGEST = (OptOut.CLEAR, OptOut.AMBIGUOUS, OptOut.NONE)


class LocalModel:
    """Reads a conversation and says the next thing."""

    def answer(
        self, profile: BusinessProfile, history: Sequence[ChatMessage], known: Mapping[str, Fact], now: datetime
    ) -> Turn:
        facts = read_facts(profile, history, known, now)
        burst = last_burst(history)
        signals = read_signals([message.text for message in burst])
        levels = {opt_out_level(message.text) for message in burst}
        opt_out = next((level for level in _STRONGEST if level in levels), OptOut.NONE)
        answer = compose(profile, history, burst, facts, now, signals)
        silent = signals.human_reason or opt_out is not OptOut.NONE
        return Turn(
            reply="" if silent else answer.text,
            facts=facts,
            sentiment=signals.sentiment,
            human_reason=signals.human_reason,
            unanswered=answer.unanswered,
            sources=() if silent else answer.sources,
            usage=Usage("local"),
            intent=signals.intent,
            asks_price=signals.asks_price,
            asks_time=signals.asks_time,
            opt_out=opt_out,
        )
