"""How well a model understands the labelled conversations, and whether it says anything twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.text import fold
from sdr.contract import FACTS, BusinessProfile, ChatMessage, Fact, Turn
from sdr.labelled import NOW, Dialog
from sdr.scoring import score

Answer = Callable[[BusinessProfile, Sequence[ChatMessage], Mapping[str, Fact]], Turn]


@dataclass
class Shares:
    """How many were right of how many seen, by fact, temperature, human and opt_out."""

    right: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)

    def note(self, name: str, is_right: bool) -> None:
        self.seen[name] += 1
        self.right[name] += is_right

    def share(self, name: str) -> float:
        return self.right[name] / self.seen[name]

    def as_dict(self) -> dict[str, float]:
        return {name: round(self.share(name), 3) for name in self.seen}

    def __str__(self) -> str:
        return ", ".join(f"{name} {self.right[name]}/{self.seen[name]} = {self.share(name):.0%}" for name in self.seen)


def is_right(talk: Dialog, name: str, found: Fact | None) -> bool:
    """Tell whether a fact was understood: its level, and its value where one is labelled."""
    if (found.level if found else None) != talk.facts[name]:
        return False
    return name not in talk.values or (found is not None and fold(found.value) == fold(talk.values[name]))


def measure(dialogs: Iterable[Dialog], answer: Answer) -> Shares:
    """Let a model read every conversation once."""
    shares = Shares()
    for talk in dialogs:
        _note(shares, talk, answer(talk.profile, talk.history, {}))
    return shares


def _note(shares: Shares, talk: Dialog, turn: Turn) -> None:
    for name in FACTS:
        # What is neither there nor found would only flatter the figure.
        if talk.facts[name] or name in turn.facts:
            shares.note(name, is_right(talk, name, turn.facts.get(name)))
    shares.note("temperature", score(turn.facts, talk.history).temperature == talk.temperature)
    shares.note("human", turn.human_reason == talk.human_reason)
    shares.note("opt_out", turn.opt_out == talk.opt_out)


def count_repeats(dialogs: Iterable[Dialog], answer: Answer) -> int:
    """Let a model hold every conversation, the customer saying the written lines, and count what it says a second time."""
    return sum(_repeats(talk, answer) for talk in dialogs)


def _repeats(talk: Dialog, answer: Answer) -> int:
    history: list[ChatMessage] = []
    facts: Mapping[str, Fact] = {}
    said: list[str] = []
    for number, line in enumerate(line for line in talk.lines if line.startswith("c ")):
        history.append(ChatMessage(f"m{number}", "customer", line[2:], NOW))
        turn = answer(talk.profile, history, facts)
        if turn.human_reason or not turn.reply:
            break
        facts = turn.facts
        said.append(fold(turn.reply))
        history.append(ChatMessage(f"b{number}", "bot", turn.reply, NOW))
    return len(said) - len(set(said))
