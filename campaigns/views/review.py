"""What a campaign will do, repeated before anything leaves: each choice, with the way back to its step."""

from collections.abc import Sequence
from datetime import date, datetime, time
from string import ascii_uppercase
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.forms import DAYS
from campaigns.forms_audience import rules_in_words
from campaigns.models import CampaignState, Split
from campaigns.schedules.rules import Rule
from campaigns.schedules.words import rule_in_words, rule_notes
from campaigns.services.audience import EVERYBODY
from campaigns.services.audience_rules import AudienceRules
from campaigns.services.shares import LEAST_SENT
from core.clock import SendingHours
from core.moments import spoken, spoken_time

EDITABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED)


class Choice(NamedTuple):
    """One line of the check: the step where it is changed, what it is about, what was chosen, and a word on it."""

    step: str
    label: str
    value: str
    note: str = ""


def review(
    name: str,
    lists: Sequence[str],
    texts: Sequence[tuple[str, int]],
    numbers: Sequence[str],
    start: datetime | None,
    hours: SendingHours,
    *,
    is_later: bool,
    left_out: int = 0,
    rules: AudienceRules = EVERYBODY,
    repeats: Rule | None = None,
    split: str = Split.WEIGHTS,
    people: int = 0,
) -> list[Choice]:
    """Return the choices as they stand; one that is not made yet is left to the list of what is missing.

    ``texts`` are (text, weight).
    """
    weights = [weight for text, weight in texts if text.strip()]
    out = ngettext("%(count)s person is left out", "%(count)s people are left out", left_out) % {
        "count": number_format(left_out, use_l10n=True, force_grouping=True)
    }
    moment = (spoken(start) if start else "") if is_later else _("As soon as you send")
    found = [
        Choice("publico", _("Name"), name.strip()),
        Choice("publico", _("Lists"), ", ".join(lists), out if left_out else ""),
        Choice("publico", _("Only"), rules_in_words(rules)),
        Choice("mensagem", _("Message"), _texts_words(len(weights)), _shares_words(weights, split, people)),
        Choice("numeros", _("Numbers"), ", ".join(numbers)),
        Choice("quando", _("Repeats"), _rule_words(repeats), ", ".join(rule_notes(repeats)) if repeats else ""),
        Choice(
            "quando",
            _("First time") if repeats else _("Start"),
            spoken(start) if repeats else moment,
            hours_in_words(hours),
        ),
    ]
    return [one for one in found if one.value]


def _texts_words(count: int) -> str:
    return ngettext("%(count)d text", "%(count)d texts", count) % {"count": count} if count else ""


def _shares_words(weights: Sequence[int], split: str, people: int) -> str:
    """Return who gets which of several texts."""
    if len(weights) < 2:
        return ""
    if split == Split.AUTOMATIC and people < LEAST_SENT * len(weights):
        words = _("divided automatically, which takes %(count)d sent of each: here all get equal parts")
        return words % {"count": LEAST_SENT}
    if split == Split.AUTOMATIC:
        return _("divided automatically, by the answers")
    if len(set(weights)) == 1:
        return _("in equal parts")
    whole = sum(weights)
    shares = zip(ascii_uppercase, weights, strict=False)
    return ", ".join(f"{label} {round(100 * weight / whole)}%" for label, weight in shares)


def _rule_words(rule: Rule | None) -> str:
    return capfirst(rule_in_words(rule)) if rule else ""


def hours_in_words(hours: SendingHours) -> str:
    """Return when the campaign may send, or "" when its numbers alone decide."""
    if hours.get("skips_holidays"):
        plain = hours_in_words({key: value for key, value in hours.items() if key != "skips_holidays"})  # type: ignore[arg-type]
        return _("%(hours)s; not on holidays") % {"hours": plain} if plain else _("not on holidays")
    if not hours:
        return ""
    days = ", ".join(str(name) for number, name in DAYS if number in hours["days"])
    if (hours["start"], hours["end"]) == ("00:00", "23:59"):
        return _("only on %(days)s") % {"days": days} if days else ""
    times = {"start": _clock(hours["start"]), "end": _clock(hours["end"]), "days": days}
    if not days:
        return _("only from %(start)s to %(end)s") % times
    return _("only from %(start)s to %(end)s, on %(days)s") % times


def _clock(text: str) -> str:
    return spoken_time(datetime.combine(date.min, time.fromisoformat(text)))
