"""Which wording is answered more, whether that is more than chance, and how to say so."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.statistics import CONFIDENCE, Sample, answers_missing, p_value

LEAST_COMPARED = 20
"""Sent of each, before a word is said about which one is ahead."""
SURE = ((0.001, "99,9"), (0.01, "99"), (1 - CONFIDENCE, "95"))


@dataclass(frozen=True)
class Verdict:
    """``label`` is the wording ahead, empty where none is; ``is_sure`` when that is more than chance."""

    words: str
    label: str = ""
    is_sure: bool = False


def verdict(variants: Iterable[dict[str, Any]], *, is_over: bool = False) -> Verdict | None:
    """Compare the wordings by who answered (rows of :func:`campaigns.queries.variant_figures`); None for less than two.

    ``is_over`` speaks of a campaign that sends no more.

    The best is compared with the next best, as strictly as being the best of several asks for (Bonferroni).
    """
    rows = [row for row in variants if row["variant"].step == 1]
    if len(rows) < 2:
        return None
    known = [(row["variant"].label, Sample(row["sent"], min(row["sent"], row["replied"]))) for row in rows]
    compared = sorted((one for one in known if one[1].sent >= LEAST_COMPARED), key=lambda one: -one[1].rate)
    if len(compared) < 2:
        too_few, early = (
            _("Too few were sent of each to say which one did better."),
            _("Too early to say which one leads."),
        )
        return Verdict(too_few if is_over else early)
    (label, first), (other, second) = compared[:2]
    names = {"label": label, "other": other}
    if first.rate == second.rate:
        return Verdict(_("%(label)s and %(other)s are answered alike so far.") % names)
    tests = len(compared) - 1
    chance = p_value(first, second) * tests
    sure = next((percent for limit, percent in SURE if chance < limit), "")
    if sure:
        words = _("%(label)s is answered more than %(other)s, with %(percent)s%% confidence.")
        return Verdict(words % {**names, "percent": sure}, label, is_sure=True)
    if is_over:
        return Verdict(_("%(label)s was answered more than %(other)s, but that may be chance.") % names, label)
    missing = _rounded(answers_missing(first, second, tests) or 1)
    words = ngettext(
        "Too early: %(label)s is ahead of %(other)s by what may be chance. About %(count)d more answer is missing.",
        "Too early: %(label)s is ahead of %(other)s by what may be chance. About %(count)d more answers are missing.",
        missing,
    )
    return Verdict(words % {**names, "count": missing}, label)


def _rounded(count: int) -> int:
    """Return two digits of a guess: more would claim to know more."""
    digits = len(str(count)) - 2
    return count if digits <= 0 else round(count, -digits)
