"""Every question to a model: the chosen provider behind its breaker, the local engine where it fails, a ledger row for each."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from core.breaker import CircuitOpenError, breaker_of
from core.clock import now
from sdr.contract import (
    Account,
    BusinessProfile,
    ChatMessage,
    Copy,
    Fact,
    Intent,
    ModelAnswerError,
    ModelUnavailableError,
    Provider,
    Turn,
    Usage,
)
from sdr.costs import cost_micros
from sdr.engine.emojis import HARD, sober
from sdr.engine.reading import last_burst
from sdr.engine.signals import read_signals
from sdr.models import ModelCall, SdrProfile
from sdr.policy import check
from sdr.registry import LOCAL, get_provider
from sdr.services.accounts import route_of
from sdr.services.answer_cache import cache_key, keep, recall
from sdr.services.retrieval import passages_for
from sdr.services.spending import is_over_budget

logger = logging.getLogger(__name__)

FAILURES = (ModelUnavailableError, ModelAnswerError, CircuitOpenError)
SIMPLE = frozenset({Intent.GREETING, Intent.HOURS, Intent.PRICE})
SHORT = 80
# A customer waits: whoever comes after this is not asked any more, and the local engine answers.
PATIENCE_SECONDS = 25.0

T = TypeVar("T", Turn, Copy)
Question = Callable[[Provider, Account], T]


@dataclass
class Call:
    """One call as the ledger will show it; ``instead_of`` is the provider that should have answered.

    ``noted`` gets the ledger's row, for a caller who wants to say what it cost.
    """

    task: str
    provider: str
    conversation_id: UUID | None = None
    instead_of: str = ""
    is_cached: bool = False
    error: str = ""
    version: int = 0
    usage: Usage = field(default_factory=Usage)
    noted: list[ModelCall] | None = None


def ask(
    profile: SdrProfile,
    task: str,
    question: Question[T],
    *,
    conversation_id: UUID | None = None,
    locally: bool = False,
    simple: bool = False,
    version: int = 0,
    noted: list[ModelCall] | None = None,
) -> T:
    """Ask the organization's providers in their order, and the local engine the very same when none of them can answer.

    ``locally`` skips the providers; ``simple`` asks their smaller models.
    """
    route = [] if locally or (profile.provider != LOCAL and _is_too_dear(profile)) else route_of(profile, simple=simple)
    started, wanted = time.monotonic(), profile.provider if profile.provider != LOCAL else ""
    for code, account in route:
        if time.monotonic() - started > PATIENCE_SECONDS:
            break
        try:
            return _ask(
                Call(task, code, conversation_id, wanted if code != wanted else "", version=version, noted=noted),
                question,
                account,
                profile,
            )
        except FAILURES as failure:
            logger.warning("a provider failed", extra={"provider": code, "task": task, "error": str(failure)})
    last = Call(task, LOCAL, conversation_id, wanted, version=version, noted=noted)
    return _ask(last, question, Account(), profile)


def ask_turn(
    profile: SdrProfile,
    business: BusinessProfile,
    history: Sequence[ChatMessage],
    known: Mapping[str, Fact],
    at: datetime,
    *,
    task: str = "reply",
    conversation_id: UUID | None = None,
    locally: bool = False,
) -> Turn:
    """Return the next thing to say in a conversation, with what the business's documents say to the newest words."""
    said = "\n".join(message.text for message in last_burst(history))
    business = replace(business, passages=passages_for(profile, said))
    simple = is_simple(history)
    route = [] if locally else route_of(profile, simple=simple)
    code, account = route[0] if route else ("", None)
    key = cache_key(profile.organization_id, account.model, business, history, known, at) if account else ""
    if kept := recall(key, history):
        _write(
            Call(task, code, conversation_id, is_cached=True, usage=kept.usage, version=business.version), 0, profile
        )
        return hold_to_policy(kept, business, history)

    def question(provider: Provider, reached: Account) -> Turn:
        turn = provider.answer(reached, business, history, known, at)
        if provider.code == code:
            keep(key, turn, history)
        return turn

    turn = ask(
        profile,
        task,
        question,
        conversation_id=conversation_id,
        locally=locally,
        simple=simple,
        version=business.version,
    )
    return hold_to_policy(turn, business, history)


def hold_to_policy(turn: Turn, business: BusinessProfile, history: Sequence[ChatMessage]) -> Turn:
    """Stand between a model and the customer: who needs a person gets one, and nothing is said that has no ground."""
    texts = [message.text for message in last_burst(history)]
    if reason := turn.human_reason or read_signals(texts).human_reason:
        return replace(turn, human_reason=reason, reply="")
    if {turn.sentiment, read_signals(texts).sentiment} & HARD:
        turn = replace(turn, reply=sober(turn.reply))
    checked = check(turn.reply, business, history)
    if not checked.objections:
        return turn
    unanswered = turn.unanswered or " ".join(texts)[:300]
    return replace(turn, reply=checked.reply, wanted=turn.reply, objections=checked.objections, unanswered=unanswered)


def is_simple(history: Sequence[ChatMessage]) -> bool:
    """Tell whether the newest messages are a short greeting, or ask only for a price or the opening hours."""
    texts = [message.text for message in last_burst(history)]
    return bool(texts) and sum(map(len, texts)) <= SHORT and read_signals(texts).intent in SIMPLE


def _is_too_dear(profile: SdrProfile) -> bool:
    if not is_over_budget(profile.organization, now()):
        return False
    logger.info("the AI budget of the month is used up", extra={"organization": str(profile.organization_id)})
    return True


def _ask(call: Call, question: Question[T], account: Account, profile: SdrProfile) -> T:
    started = time.monotonic()
    try:
        with _guard(call.provider, profile):
            answer = question(get_provider(call.provider), account)
        call.usage = answer.usage
        return answer
    except FAILURES as failure:
        call.error = _words_of(failure)
        call.usage = failure.usage if isinstance(failure, ModelAnswerError) else Usage(account.model)
        raise
    finally:
        _write(call, time.monotonic() - started, profile)


@contextmanager
def _guard(provider: str, profile: SdrProfile) -> Iterator[None]:
    if not get_provider(provider).needs_key:
        yield
        return
    with breaker_of(provider, profile.organization_id).guard((ModelUnavailableError, ModelAnswerError)):
        yield


def _words_of(failure: Exception) -> str:
    return "circuit open" if isinstance(failure, CircuitOpenError) else str(failure)[:300]


def _write(call: Call, seconds: float, profile: SdrProfile) -> None:
    row = ModelCall.objects.create(
        organization_id=profile.organization_id, task=call.task, provider=call.provider, model=call.usage.model,
        prompt_version=_version_of(call), input_tokens=call.usage.input_tokens,
        output_tokens=call.usage.output_tokens, cost_micros=cost_micros(call.usage), latency_ms=int(seconds * 1000),
        error=call.error, instead_of=call.instead_of, is_cached=call.is_cached, conversation_ref=call.conversation_id,
    )  # fmt: skip
    if call.noted is not None:
        call.noted.append(row)


def _version_of(call: Call) -> str:
    """Return the version of the product's words, with the organization's own after the point."""
    built_in = get_provider(call.provider).prompt_version
    return f"{built_in}.{call.version}" if call.version else built_in
