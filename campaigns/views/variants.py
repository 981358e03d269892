"""The texts of the message's step: one more, one less, one written by the model, or ten to twenty offered to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import reswap, retarget

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.services.drafts import MAX_BODY, MAX_VARIANTS, MAX_WEIGHT
from campaigns.services.official import campaign_numbers, templates_of
from campaigns.views.authorship import cost_words, failure_words, note_of
from gateways.official.texts import wording
from sdr.copywriting.kinds import NAMES, CopyKind, kind_of
from sdr.services.copy import (
    COUNTS,
    MAX_CONTEXT,
    MissingContextError,
    Variation,
    Variations,
    measured,
    remember_context,
    write_variations,
)

LABELS = "ABCDEFGHIJKLMNOPQRST"
# So many texts are offered at once, those of earlier presses of the button included.
MAX_OFFERED = 60


@dataclass(frozen=True)
class Offer:
    """Texts to choose from; ``kept`` are the numbers of those that are ticked. ``refused`` are (text, reason)."""

    texts: Sequence[Variation] = ()
    kept: frozenset[int] = frozenset()
    refused: Sequence[tuple[str, str]] = ()
    cost: str = ""
    failed: str = ""
    kind: CopyKind = CopyKind.FIRST

    def and_more(self, written: Variations, than: Sequence[str]) -> "Offer":
        """Return this offer with new texts behind its own, as somebody may have edited those; the new ones are ticked."""
        before = len(self.texts)
        texts = measured([(one.text, one.by) for one in (*self.texts, *written.texts)], than)[:MAX_OFFERED]
        # What has become like a text that was written since is not kept unasked.
        kept = {at for at in self.kept if at < before and not texts[at].is_alike} | {*range(before, len(texts))}
        refused = [(one.text, reason) for one, reason in written.refused]
        return replace(
            self,
            texts=texts,
            kept=frozenset(kept),
            refused=refused,
            cost=cost_words(written),
            failed=failure_words(written),
        )

    @classmethod
    def posted(cls, data: QueryDict, than: Sequence[str]) -> "Offer":
        """Return the offer as somebody has edited it, measured anew."""
        texts = [text.replace("\r\n", "\n")[:MAX_BODY] for text in data.getlist("candidate")[:MAX_OFFERED]]
        by = [name[:40] for name in data.getlist("candidate_by")] + [""] * len(texts)
        kept = {int(number) for number in data.getlist("keep") if number.isdecimal() and len(number) < 3}
        named = list(zip(texts, by, strict=False))
        cost = data.get("offer_cost", "")[:120] if texts else ""
        return cls(measured(named, than), frozenset(kept), cost=cost, kind=kind_of(data.get("copy_kind", "")))

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {"index": number, "number": number + 1, "one": one, "kept": number in self.kept}
            for number, one in enumerate(self.texts)
        ]


@dataclass(frozen=True)
class Change:
    """The texts after a button of the message's step, which one is new, what is offered, and why nothing was written.

    ``note`` says who wrote the new text and what it cost.
    """

    texts: list[str]
    weights: list[int] = field(default_factory=list)
    index: int | None = None
    error: str = ""
    note: str = ""
    offer: Offer = Offer()


@require_POST
@role_required(Role.AGENT)
def variant_change(request: MemberRequest) -> HttpResponse:
    """Answer the buttons beside the texts by the part of the step that they change."""
    before = request.POST.getlist("variant")
    go = request.POST.get("go", "add")
    change = changed_texts(request, go)
    if change.error:
        messages.error(request, change.error)
        return HttpResponse(status=204)
    if go == "discard" or go.startswith("offer"):
        context = offer_of(change.offer) | {"offer_fresh": True}
        return reswap(retarget(render(request, "campaigns/wizard.html#offer", context), "#offer"), "outerHTML")
    if change.index is None or go.startswith("keep"):
        variants = labelled(change.texts, change.weights)
        if change.index is not None:
            variants[change.index]["is_fresh"] = True
        context = {"variants": variants, "preview_now": True, "with_offer": go.startswith("keep")} | offer_of(
            change.offer
        )
        return reswap(retarget(render(request, "campaigns/wizard.html#variants", context), "#variants"), "outerHTML")
    one = labelled(change.texts, change.weights)[change.index] | {"note": change.note}
    response = render(request, "campaigns/wizard.html#variant", {"one": one, "fresh": True, "preview_now": True})
    if change.index < len(before):
        return reswap(retarget(response, f"#variant-{change.index}"), "outerHTML")
    return response


def changed_texts(request: HttpRequest, go: str) -> Change:
    """Return what the button asks for: ``add``, ``write``, ``template``, ``remove:<index>``, ``offer:<count>``, ``keep``,
    ``keep-all``, ``discard``.

    What somebody wrote is never replaced.
    """
    texts = [text[:MAX_BODY] for text in request.POST.getlist("variant")[:MAX_VARIANTS]]
    found = Change(texts, posted_weights(request.POST, len(texts)), offer=Offer.posted(request.POST, _written(texts)))
    match go.partition(":"):
        case "remove", _colon, index if index.isdecimal() and int(index) < len(texts):
            return _without(found, int(index))
        case "write", _colon, index:
            return _with_one(request, found, int(index) if index.isdecimal() else None)
        case "add", _colon, _index:
            return _with_empty(found)
        case "template", _colon, _index:
            return _with_template(found, request.POST.get("template", ""))
        case "offer", _colon, count:
            return _with_offer(request, found, count)
        case ("keep" | "keep-all") as which, _colon, _index:
            return _kept(found, found.offer.kept if which == "keep" else frozenset(range(len(found.offer.texts))))
        case "discard", _colon, _index:
            return replace(found, offer=Offer(kind=found.offer.kind))
    return found


def posted_weights(data: Any, count: int) -> list[int]:
    """Return the weights that a form sends beside its texts; what is no weight counts as 1."""
    sent = data.getlist("weight") if hasattr(data, "getlist") else []
    found = [int(text) if text.isdecimal() and len(text) < 4 else 1 for text in sent[:count]]
    return [min(MAX_WEIGHT, max(1, one)) for one in found] + [1] * (count - len(found))


def labelled(texts: Sequence[str], weights: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Return the texts as their fields are drawn."""
    padded = [*weights, *([1] * MAX_VARIANTS)]
    return [
        {"index": index, "label": LABELS[index % len(LABELS)], "text": text, "weight": padded[index]}
        for index, text in enumerate(texts[:MAX_VARIANTS] or [""])
    ]


def offer_of(offer: Offer) -> dict[str, Any]:
    """Return what the panel of offered texts shows."""
    return {"offer": offer, "copy_kinds": [(kind, NAMES[kind]) for kind in CopyKind], "copy_counts": COUNTS}


def _written(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text.strip()]


def _without(found: Change, index: int) -> Change:
    texts = [text for at, text in enumerate(found.texts) if at != index]
    weights = [weight for at, weight in enumerate(found.weights) if at != index]
    return replace(found, texts=texts or [""], weights=weights or [1])


def _with_empty(found: Change) -> Change:
    if len(found.texts) >= MAX_VARIANTS:
        return replace(found, error=_("There are 20 variations already. Remove one to make room."))
    return replace(found, texts=[*found.texts, ""], weights=[*found.weights, 1], index=len(found.texts))


def _with_one(request: HttpRequest, found: Change, wanted: int | None) -> Change:
    texts = found.texts
    empty = [index for index, text in enumerate(texts) if not text.strip()]
    index = wanted if wanted in empty else empty[-1] if empty else len(texts)
    if index >= MAX_VARIANTS:
        return replace(found, error=_("Use at most 20 variations of 4,096 characters."))
    try:
        written = write_variations(_context(request), count=1, than=_written(texts))
    except MissingContextError as refused:
        return replace(found, error=refused.message)
    if not written.texts:
        return replace(found, error=_("No other text differs enough from those here. Write this one yourself."))
    texts = [*texts[:index], written.texts[0].text, *texts[index + 1 :]]
    return replace(found, texts=texts, weights=[*found.weights, 1], index=index, note=note_of(written))


def _with_template(found: Change, wanted: str) -> Change:
    """Put the text of an approved template into the last empty field, or behind the last one."""
    template = next((one for one in templates_of(campaign_numbers()) if str(one.pk) == wanted), None)
    if template is None:
        return replace(found, error=_("Choose an approved template."))
    empty = [at for at, text in enumerate(found.texts) if not text.strip()]
    room = found if empty else _with_empty(found)
    if room.error:
        return room
    index = empty[-1] if empty else len(found.texts)
    texts = [*room.texts[:index], wording(template), *room.texts[index + 1 :]]
    return replace(room, texts=texts, weights=[*room.weights, 1], index=index)


def _with_offer(request: HttpRequest, found: Change, asked: str) -> Change:
    count = int(asked) if asked in {str(one) for one in COUNTS} else COUNTS[0]
    than = [*_written(found.texts), *(one.text for one in found.offer.texts)]
    try:
        written = write_variations(_context(request), kind=found.offer.kind, count=count, than=than)
    except MissingContextError as refused:
        return replace(found, error=refused.message)
    if not written.texts and not written.refused:
        return replace(found, error=_("No other text differs enough from those here. Change some of them first."))
    return replace(found, offer=found.offer.and_more(written, _written(found.texts)))


def _kept(found: Change, wanted: frozenset[int]) -> Change:
    """Put chosen texts into the empty fields and behind the last one; what finds no room stays offered."""
    texts, weights = [*found.texts], [*found.weights]
    chosen = [number for number in sorted(wanted) if number < len(found.offer.texts)]
    chosen = [number for number in chosen if found.offer.texts[number].text.strip()]
    free = [index for index, text in enumerate(texts) if not text.strip()]
    room = len(free) + MAX_VARIANTS - len(texts)
    if not chosen:
        return replace(found, error=_("Tick at least one text."))
    if not room:
        return replace(found, error=_("There are 20 variations already. Remove one to make room."))
    for number in chosen[:room]:
        text = found.offer.texts[number].text
        if free:
            texts[free.pop(0)] = text
        else:
            texts.append(text)
            weights.append(1)
    index = next(at for at, text in enumerate(texts) if text == found.offer.texts[chosen[0]].text)
    left = [one for number, one in enumerate(found.offer.texts) if number in chosen[room:]]
    rest = replace(found.offer, texts=left, kept=frozenset(range(len(left)))) if left else Offer(kind=found.offer.kind)
    return replace(found, texts=texts, weights=weights, index=index, offer=rest)


def _context(request: HttpRequest) -> str:
    said = request.POST.get("business_context", "")[:MAX_CONTEXT]
    remember_context(said)
    return said
