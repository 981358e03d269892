"""Who wrote the texts that somebody asked for, why nobody else did, and what it cost: in words."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from core.money import format_brl
from sdr.services.copy import Failure, Variations

MICROS_PER_CENT = 10_000


def cost_words(written: Variations) -> str:
    """Return what it cost, by the ledger; the local engine is named as what it is."""
    if not written.tokens:
        return _("Written by the local engine, free of charge.")
    cents = -(-written.cost_micros // MICROS_PER_CENT)
    tokens = number_format(written.tokens, use_l10n=True, force_grouping=True)
    return _("It cost %(amount)s at most, for %(tokens)s tokens.") % {"amount": format_brl(cents), "tokens": tokens}


def failure_words(written: Variations) -> str:
    """Return why the local engine wrote instead of the chosen provider, or "" where it did not."""
    words = {
        Failure.BUDGET: _("The AI budget of the month is used up, so the local engine wrote instead of %(name)s."),
        Failure.NO_KEY: _("%(name)s has no key yet, so the local engine wrote in its place."),
        Failure.NO_ANSWER: _("%(name)s did not answer as it should, so the local engine wrote in its place."),
    }
    return words[written.why] % {"name": written.failed} if written.why else ""


def note_of(written: Variations) -> str:
    """Return what is said beside one single text: who wrote it and what it cost."""
    author = written.texts[0].by if written.texts else ""
    by = _("Written by %(name)s.") % {"name": author} if author else ""
    if not author and written.refused and not written.why:
        reason = written.refused[0][1]
        by = _("What came was refused, so the local engine wrote this one. %(reason)s") % {"reason": reason}
    return " ".join(filter(None, [failure_words(written), by, cost_words(written)]))
