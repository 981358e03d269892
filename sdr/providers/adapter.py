"""Any service that answers a question with one JSON object, as a provider of the SDR's words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sdr.contract import Account, BusinessProfile, ChatMessage, Copy, CopyBrief, Fact, Turn, Usage
from sdr.copywriting import sift
from sdr.copywriting.kinds import kind_of
from sdr.providers.payloads import (
    COPY_SCHEMA,
    PROMPT_VERSION,
    TURN_SCHEMA,
    copy_task,
    instructions,
    read_turn,
    turn_content,
)

# So many earlier texts are shown to a model, so that the new ones differ.
MANY = 20


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
        """Return the texts that pass the checks, perhaps fewer than ``count``, and those refused with the rule."""
        content = {"business": brief.context[:2000], "product": brief.product[:300]}
        if brief.than:
            content["written_already"] = "\n---\n".join(text[:300] for text in brief.than[-MANY:])
        task = copy_task(kind_of(brief.kind), count, brief.broken)
        data, usage = self._ask(account, task, content, name="copy", schema=COPY_SCHEMA)
        texts = data.get("messages")
        written = [text.strip() for text in texts if isinstance(text, str)] if isinstance(texts, list) else []
        stated = "\n".join((brief.context, brief.product, *brief.services))
        kept, refused = sift(written[: 2 * count], stated, than=brief.than)
        return Copy(tuple(kept[:count]), usage, tuple(refused))
