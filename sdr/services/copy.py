"""Campaign texts from the business's own words: by the organization's provider, else by the local grammar."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from django.utils.translation import gettext as _

from core.errors import DomainError
from sdr.contract import Account, Copy, CopyBrief, Provider, Refused
from sdr.copywriting import CopyKind, difference, distinct
from sdr.copywriting.checks import TOO_ALIKE
from sdr.copywriting.reasons import reason_of
from sdr.models import ModelCall, SdrProfile
from sdr.registry import LOCAL, get_provider
from sdr.services.accounts import route_of
from sdr.services.asking import ask
from sdr.services.profiles import get_profile

MAX_CONTEXT = 2000
COUNTS = (10, 15, 20)


class MissingContextError(DomainError):
    """Nothing is known of the business to write about."""

    status = 422


class Failure(StrEnum):
    """Why the chosen provider wrote nothing."""

    BUDGET = "budget"
    NO_KEY = "no_key"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True)
class Variation:
    """``difference`` is how far it is from the closest other text, in percent; ``by`` names who wrote it, "" the local engine."""

    text: str
    difference: int
    by: str = ""

    @property
    def is_alike(self) -> bool:
        """Whether it would not be offered beside the others."""
        return self.difference <= 100 * (1 - TOO_ALIKE)


@dataclass(frozen=True)
class Variations:
    """``refused`` with the reason in words; ``cost_micros`` and ``tokens`` are what the ledger says it cost.

    ``failed`` names a provider that should have written and could not, ``why`` says it.
    """

    texts: Sequence[Variation]
    refused: Sequence[tuple[Refused, str]]
    cost_micros: int
    failed: str = ""
    why: Failure | None = None
    tokens: int = 0


def write_copy(business_context: str, product_service: str, *, count: int = 3, than: Sequence[str] = ()) -> list[str]:
    """Return ``count`` texts of two to four short lines, clearly different from each other and from ``than``.

    A provider that fails is replaced by the local grammar; the ledger says so.
    """
    profile, brief = _brief(business_context, product_service, than)
    copy = _asked(profile, brief, count)
    texts = list(copy.texts)
    if len(texts) < count and copy.refused:
        texts += _asked(profile, _once_more(brief, texts, copy), count - len(texts)).texts
    # What the model wrote too much alike, or outside the form, is made up for by the grammar.
    if len(texts) < count:
        more = replace(brief, than=(*than, *texts))
        texts += _asked(profile, more, count - len(texts), locally=True).texts
    # Where every text of the grammar is in use already, an old one again is better than an empty field.
    return texts or list(_asked(profile, replace(brief, than=()), count, locally=True).texts)


def write_variations(
    business_context: str, *, kind: CopyKind = CopyKind.FIRST, count: int = COUNTS[0], than: Sequence[str] = ()
) -> Variations:
    """Return up to ``count`` texts of a kind: checked, the model asked once more for what was refused, the rest by the grammar."""
    profile, brief = _brief(business_context, "", than)
    brief, ledger = replace(brief, kind=kind), list[ModelCall]()
    first = _asked(profile, brief, count, ledger=ledger)
    why = _failure(profile, ledger)
    written = [(text, _author(ledger)) for text in first.texts]
    refused = list(first.refused)
    if len(written) < count and first.refused:
        texts = [text for text, _by in written]
        again = _asked(profile, _once_more(brief, texts, first), count - len(written), ledger=ledger)
        written += [(text, _author(ledger)) for text in again.texts]
        refused += again.refused
    if len(written) < count and _author(ledger):
        more = replace(brief, than=(*than, *(text for text, _by in written)))
        written += [
            (text, "") for text in _asked(profile, more, count - len(written), locally=True, ledger=ledger).texts
        ]
    return Variations(
        texts=measured(written, than),
        refused=[(one, reason_of(one)) for one in refused],
        cost_micros=sum(row.cost_micros for row in ledger),
        failed=_label(profile.provider) if why else "",
        why=why,
        tokens=sum(row.input_tokens + row.output_tokens for row in ledger),
    )


def measured(written: Sequence[tuple[str, str]], than: Sequence[str] = ()) -> list[Variation]:
    """Return texts with how far each is from the closest of all others."""
    texts = [text for text, _by in written]
    return [
        Variation(text, round(100 * difference(text, [*than, *texts[:index], *texts[index + 1 :]])), by)
        for index, (text, by) in enumerate(written)
    ]


def remembered_context() -> str:
    """Return what the active organization last said of its business."""
    return SdrProfile.objects.values_list("business_context", flat=True).first() or ""


def remember_context(text: str) -> None:
    """Keep what was said of the business for the next campaign; nothing said forgets nothing."""
    said = text.replace("\0", "").strip()[:MAX_CONTEXT]
    if said:
        profile = get_profile()
        SdrProfile.objects.filter(pk=profile.pk).exclude(business_context=said).update(business_context=said)


def _brief(context: str, product: str, than: Sequence[str]) -> tuple[SdrProfile, CopyBrief]:
    profile = get_profile()
    if not (context.strip() or product.strip() or profile.services):
        raise MissingContextError(_("Tell something about your business first."))
    services = tuple(item["name"] for item in profile.services)
    return profile, CopyBrief(context, product, profile.business_name, services, tuple(than))


def _once_more(brief: CopyBrief, texts: Sequence[str], copy: Copy) -> CopyBrief:
    reasons = dict.fromkeys(reason_of(one) for one in copy.refused)
    return replace(brief, than=(*brief.than, *texts), broken=tuple(reasons))


def _asked(
    profile: SdrProfile, brief: CopyBrief, count: int, *, locally: bool = False, ledger: list[ModelCall] | None = None
) -> Copy:
    def question(provider: Provider, account: Account) -> Copy:
        return provider.write_copy(account, brief, count)

    copy = ask(profile, "copy", question, locally=locally, noted=ledger)
    return replace(copy, texts=tuple(distinct(copy.texts, than=brief.than)))


def _failure(profile: SdrProfile, ledger: Sequence[ModelCall]) -> Failure | None:
    """Return why the local engine wrote what a provider should have."""
    if profile.provider == LOCAL or _author(ledger):
        return None
    if any(row.provider != LOCAL for row in ledger):
        return Failure.NO_ANSWER
    return Failure.NO_KEY if not route_of(profile) else Failure.BUDGET


def _author(ledger: Sequence[ModelCall]) -> str:
    """Return the name of who wrote last; empty for the local engine."""
    return "" if not ledger or ledger[-1].provider == LOCAL else _label(ledger[-1].provider)


def _label(code: str) -> str:
    return str(get_provider(code).label)
