"""Meaning as numbers, where the organization has a key for it; without one the full-text search does alone."""

import logging
import time
from collections.abc import Sequence

from core.breaker import CircuitOpenError, breaker_of
from core.clock import now
from sdr.contract import Account, Embedded, ModelAnswerError, ModelUnavailableError, Usage
from sdr.costs import cost_micros
from sdr.models import ModelCall, SdrProfile
from sdr.models.vector import DIMENSIONS
from sdr.registry import EMBEDDERS, get_embedder
from sdr.services.accounts import account_of
from sdr.services.spending import is_over_budget

logger = logging.getLogger(__name__)

AT_ONCE = 64


def embedder_of(profile: SdrProfile) -> str:
    """Return the code of the first provider that embeds and is reached, or an empty text."""
    return next((code for code in EMBEDDERS if account_of(profile, code)), "")


def embed_texts(profile: SdrProfile, texts: Sequence[str]) -> list[list[float]] | None:
    """Return one vector per text, by :func:`embedder_of`, or None where no provider can or may be asked."""
    code = embedder_of(profile)
    account = account_of(profile, code) if code else None
    if account is None or is_over_budget(profile.organization, now()):
        return None
    vectors: list[list[float]] = []
    try:
        for start in range(0, len(texts), AT_ONCE):
            vectors += [
                list(vector) for vector in _embed(profile, code, account, texts[start : start + AT_ONCE]).vectors
            ]
    except (ModelUnavailableError, ModelAnswerError, CircuitOpenError) as failure:
        logger.warning("no embeddings", extra={"provider": code, "error": str(failure)})
        return None
    return vectors


def _embed(profile: SdrProfile, code: str, account: Account, texts: Sequence[str]) -> Embedded:
    started, usage, error = time.monotonic(), Usage(), ""
    try:
        with breaker_of(code, profile.organization_id).guard((ModelUnavailableError, ModelAnswerError)):
            answer = get_embedder(code)(account, texts, DIMENSIONS)
        usage = answer.usage
        return answer
    except (ModelUnavailableError, ModelAnswerError, CircuitOpenError) as failure:
        error = str(failure)[:300]
        raise
    finally:
        ModelCall.objects.create(
            organization_id=profile.organization_id, task="embed", provider=code, model=usage.model,
            input_tokens=usage.input_tokens, cost_micros=cost_micros(usage), error=error,
            latency_ms=int((time.monotonic() - started) * 1000),
        )  # fmt: skip
