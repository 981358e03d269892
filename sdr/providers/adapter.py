"""Any service that answers a question with one JSON object, as a provider of the SDR's words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sdr.contract import Account, BusinessProfile, ChatMessage, Copy, CopyBrief, Fact, Turn, Usage
from sdr.copywriting import acceptable, distinct
from sdr.providers.payloads import (
    COPY_SCHEMA,
    COPY_TASK,
    PROMPT_VERSION,
    TURN_SCHEMA,
    instructions,
    read_turn,
    turn_content,
)


class Ask(Protocol):
    """One question over a provider's own wire; raises :class:`ModelUnavailableError` or :class:`ModelAnswerError`."""

    def __call__(
        self, account: Account, task: str, content: Mapping[str, Any], *, name: str, schema: dict[str, Any]
    ) -> tuple[dict[str, Any], Usage]: ...


class StructuredProvider:
    """Implements :class:`sdr.contract.Provider` over an :class:`Ask`."""

    needs_key = True
    prompt_version = PROMPT_VERSION

    def __init__(self, code: str, label: str, ask: Ask) -> None:
        self.code, self.label, self._ask = code, label, ask

    def answer(
        self,
        account: Account,
        profile: BusinessProfile,
        history: Sequence[ChatMessage],
        known: Mapping[str, Fact],
        now: datetime,
    ) -> Turn:
        content = turn_content(profile, history, known, now)
        data, usage = self._ask(account, instructions(profile), content, name="turn", schema=TURN_SCHEMA)
        return read_turn(data, profile, history, known, usage)

    def write_copy(self, account: Account, brief: CopyBrief, count: int) -> Copy:
        """Return the texts that pass the checks, perhaps fewer than ``count``."""
        content = {"business": brief.context[:2000], "product": brief.product[:300]}
        data, usage = self._ask(account, COPY_TASK.format(count=count), content, name="copy", schema=COPY_SCHEMA)
        texts = data.get("messages")
        written = [text.strip() for text in texts if isinstance(text, str)] if isinstance(texts, list) else []
        stated = f"{brief.context}\n{brief.product}"
        kept = distinct([text for text in written if acceptable(text, stated)], than=brief.than)
        return Copy(tuple(kept[:count]), usage)
