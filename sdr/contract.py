"""What any model of the SDR takes and gives; plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

FACTS = ("name", "interest", "urgency", "knowledge", "location")


class ModelUnavailableError(Exception):
    """The model could not be reached or refused to work now."""


class ModelAnswerError(Exception):
    """The model answered something that cannot be used; ``usage`` is what it cost all the same."""

    def __init__(self, message: str, usage: "Usage | None" = None) -> None:
        super().__init__(message)
        self.usage = usage or Usage()


@dataclass(frozen=True)
class Service:
    name: str
    price_cents: int | None = None


@dataclass(frozen=True)
class Passage:
    """A piece of the business's own documents that may answer what was asked; ``source`` is the title that is cited."""

    source: str
    text: str
    id: str = ""


@dataclass(frozen=True)
class ChatMessage:
    """``author`` is customer, bot, human or campaign."""

    id: str
    author: str
    text: str
    at: datetime


@dataclass(frozen=True)
class BusinessProfile:
    """What a model is told. ``opening`` and ``instructions`` are those of the prompt's ``version``, 0 for the built-in words.

    ``earlier`` is the end of what was said in older conversations with the same person.
    """

    business_name: str = ""
    segment: str = ""
    services: tuple[Service, ...] = ()
    city: str = ""
    area: tuple[str, ...] = ()
    hours: str = ""
    agent_name: str = "Clara"
    faq: tuple[tuple[str, str], ...] = ()
    passages: tuple[Passage, ...] = ()
    opening: str = ""
    instructions: str = ""
    version: int = 0
    earlier: tuple[ChatMessage, ...] = ()


@dataclass(frozen=True)
class Fact:
    """A thing learnt, with the message that says it; ``level`` is a key of the rubric."""

    value: str
    level: str
    message_id: str
    quote: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"value": self.value, "level": self.level, "message_id": self.message_id, "quote": self.quote}


class Sentiment(StrEnum):
    CALM = "calm"
    POSITIVE = "positive"
    ANNOYED = "annoyed"
    ANGRY = "angry"


class Intent(StrEnum):
    """What the newest messages are about."""

    GREETING = "greeting"
    ANSWER = "answer"
    QUESTION = "question"
    PRICE = "price"
    BOOKING = "booking"
    HOURS = "hours"
    PERSON = "person"
    COMPLAINT = "complaint"
    EMERGENCY = "emergency"


class OptOut(StrEnum):
    NONE = "none"
    AMBIGUOUS = "ambiguous"
    CLEAR = "clear"


@dataclass(frozen=True)
class Usage:
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class Objection:
    """Words that were not sent, and the rule of :mod:`sdr.policy.claims` that they broke."""

    code: str
    words: str


@dataclass(frozen=True)
class Turn:
    """One answer: what to say and what was learnt. An empty reply says nothing.

    ``human_reason`` is angry, wants_human, emergency or an empty text; ``unanswered`` is the question that a person must answer;
    ``objections`` is why ``wanted`` was not sent as it was;
    ``sources`` are the ids of the passages that the answer is taken from.
    """

    reply: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    sentiment: Sentiment = Sentiment.CALM
    human_reason: str = ""
    unanswered: str = ""
    usage: Usage = field(default_factory=Usage)
    intent: Intent = Intent.ANSWER
    asks_price: bool = False
    asks_time: bool = False
    opt_out: OptOut = OptOut.NONE
    wanted: str = ""
    sources: tuple[str, ...] = ()
    objections: tuple[Objection, ...] = ()

    @property
    def wants_human(self) -> bool:
        return bool(self.human_reason)


@dataclass(frozen=True)
class CopyBrief:
    """What campaign texts are about; ``than`` are texts that the new ones must differ from.

    ``kind`` is one of :class:`sdr.copywriting.CopyKind`; ``broken`` are the rules, in words, that an earlier try broke.
    """

    context: str = ""
    product: str = ""
    business_name: str = ""
    services: tuple[str, ...] = ()
    than: tuple[str, ...] = ()
    kind: str = "first"
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A text that is not offered: ``code`` is the rule that it breaks, or ``alike``, by ``percent`` the same as another."""

    text: str
    code: str
    percent: int = 0


@dataclass(frozen=True)
class Copy:
    texts: tuple[str, ...]
    usage: Usage = field(default_factory=Usage)
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class Embedded:
    vectors: tuple[tuple[float, ...], ...]
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Account:
    """How an organization reaches a provider; an empty ``base_url`` is the provider's own address.

    ``seconds`` is how long an answer is waited for.
    """

    api_key: str = field(default="", repr=False)
    model: str = ""
    base_url: str = ""
    seconds: float = 20.0


class Provider(Protocol):
    """One source of words, without state. Registered in :mod:`sdr.registry`.

    Both operations raise :class:`ModelUnavailableError` or :class:`ModelAnswerError`.
    """

    code: str
    label: str
    needs_key: bool
    prompt_version: str

    def answer(
        self, account: Account, profile: BusinessProfile, history: Sequence[ChatMessage], known: Mapping[str, Fact],
        now: datetime,
    ) -> Turn: ...  # fmt: skip

    def write_copy(self, account: Account, brief: CopyBrief, count: int) -> Copy: ...


class Embedder(Protocol):
    """Texts to vectors of ``dimensions`` numbers; raises what a provider raises."""

    def __call__(self, account: Account, texts: Sequence[str], dimensions: int) -> Embedded: ...


def fact_from(data: Any) -> Fact | None:
    """Rebuild a stored fact."""
    return Fact(data["value"], data["level"], data["message_id"], data.get("quote", "")) if data else None
