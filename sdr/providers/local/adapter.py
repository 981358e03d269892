"""The local engine as a provider: no network, no key, always there, and so the last to be asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sdr.contract import Account, BusinessProfile, ChatMessage, Copy, CopyBrief, Fact, Turn, Usage
from sdr.copywriting import generate_copy
from sdr.copywriting.kinds import kind_of
from sdr.engine.local import LocalModel


class LocalProvider:
    """Implements :class:`sdr.contract.Provider`."""

    code = "local"
    label = "local"
    needs_key = False
    prompt_version = ""

    def answer(
        self,
        account: Account,
        profile: BusinessProfile,
        history: Sequence[ChatMessage],
        known: Mapping[str, Fact],
        now: datetime,
    ) -> Turn:
        return LocalModel().answer(profile, history, known, now)

    def write_copy(self, account: Account, brief: CopyBrief, count: int) -> Copy:
        texts = generate_copy(
            brief.context, brief.product, count=count, business_name=brief.business_name, services=brief.services,
            than=brief.than, kind=kind_of(brief.kind),
        )  # fmt: skip
        return Copy(tuple(texts), Usage("local"))
