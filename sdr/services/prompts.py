"""Versions of how the SDR talks: written as drafts, tried side by side, put in use and taken back."""

import zlib
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Avg, Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.errors import DomainError
from core.text import search_text
from leads.models import Contact
from sdr.models import Prompt, PromptState, Qualification, QualificationStatus, SdrProfile
from sdr.services.profiles import get_profile

ATTRIBUTE = "segmento"
AT_ONCE = 2


class PromptInUseError(DomainError):
    status = 409


@dataclass(frozen=True)
class Result:
    """What became of the leads of one version; ``score`` is the mean of those that have one."""

    leads: int = 0
    qualified: int = 0
    hot: int = 0
    handed_over: int = 0
    score: float | None = None

    @property
    def qualified_percent(self) -> int:
        return round(100 * self.qualified / self.leads) if self.leads else 0

    @property
    def hot_percent(self) -> int:
        return round(100 * self.hot / self.leads) if self.leads else 0


@transaction.atomic
def write_version(
    *, instructions: str, opening: str = "", segment: str = "", note: str = "", actor: Membership | None
) -> Prompt:
    """Keep a new draft under the next number."""
    _lock()
    number = (Prompt.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    prompt: Prompt = Prompt.objects.create(
        number=number,
        instructions=instructions.strip(),
        opening=opening.strip(),
        segment=search_text(segment)[:60],
        note=note.strip()[:200],
    )
    record_audit("sdr.prompt_written", actor=actor, target=str(prompt))
    return prompt


@transaction.atomic
def put_in_use(prompt: Prompt, *, share: int = 100, actor: Membership | None) -> None:
    """Give a version this share of its segment's new leads; below 100 the one in use keeps the rest.

    An older version put in use again is the rollback. Raises :class:`PromptInUseError` where a third one would come in.
    """
    _lock()
    others = list(_in_use(prompt.segment).exclude(pk=prompt.pk).select_for_update().order_by("activated_at"))
    if share < 100 and not others:
        raise PromptInUseError(_("Nothing is in use yet to compare it with. Put it in use for everybody."))
    if share < 100 and len(others) >= AT_ONCE:
        raise PromptInUseError(_("Two versions are being compared already. End that first."))
    for other in others:
        other.share = 100 - share
        other.state = PromptState.RETIRED if share == 100 else PromptState.ACTIVE
        other.save(update_fields=["share", "state"])
    prompt.state, prompt.share, prompt.activated_at = PromptState.ACTIVE, share, now()
    prompt.save(update_fields=["state", "share", "activated_at"])
    record_audit("sdr.prompt_used", actor=actor, target=str(prompt), data={"share": share})


@transaction.atomic
def take_out(prompt: Prompt, *, actor: Membership | None) -> None:
    """Take a version out of use; the one that it was compared with gets all leads, and without one the built-in words are used."""
    _lock()
    Prompt.objects.filter(pk=prompt.pk, state=PromptState.ACTIVE).update(state=PromptState.RETIRED, share=0)
    _in_use(prompt.segment).update(share=100)
    record_audit("sdr.prompt_taken_out", actor=actor, target=str(prompt))


def choose_prompt(contact: Contact) -> Prompt | None:
    """Return the version for a new lead: the same lead always falls on the same side."""
    segment = search_text(str(contact.attributes.get(ATTRIBUTE) or ""))[:60]
    found = list(_in_use(segment).order_by("number")) if segment else []
    found = found or list(_in_use("").order_by("number"))
    place = zlib.crc32(str(contact.pk).encode()) % 100
    reached = 0
    for prompt in found:
        reached += prompt.share
        if place < reached:
            return prompt
    return found[-1] if found else None


def results() -> dict[UUID, Result]:
    """Return what became of the leads, by version."""
    rows = Qualification.objects.exclude(prompt=None).values("prompt").annotate(
        leads=Count("pk"), qualified=Count("pk", filter=Q(status=QualificationStatus.QUALIFIED)),
        hot=Count("pk", filter=Q(temperature="quente")), handed_over=Count("pk", filter=Q(status=QualificationStatus.HANDED_OFF)),
        mean=Avg("score", filter=~Q(temperature="")),
    )  # fmt: skip
    return {
        row["prompt"]: Result(row["leads"], row["qualified"], row["hot"], row["handed_over"], row["mean"])
        for row in rows
    }


def _in_use(segment: str) -> "QuerySet[Prompt]":
    return Prompt.objects.filter(segment=segment, state=PromptState.ACTIVE)


def _lock() -> None:
    # One at a time: shares have to add up and numbers follow one another.
    SdrProfile.objects.select_for_update().get(pk=get_profile().pk)
