"""An overload and its decisions in the words of an owner."""

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from campaigns.models import DecisionKind, DemandDecision
from campaigns.overload.options import Option
from campaigns.overload.reckoning import Reckoning
from campaigns.schedules.forms import APPROVED, EXPIRED, NORMAL
from core.moments import spoken


class OptionWords(NamedTuple):
    """``title`` is the decision, ``effect`` what would come of it, ``note`` what else should be known, ``verb`` the button's."""

    title: str
    effect: str
    note: str
    verb: str


def class_words(priority: int) -> str:
    """Return what a class of campaigns is called."""
    known = {
        APPROVED: pgettext("campaigns", "Approved"), NORMAL: pgettext("campaigns", "Normal"),
        EXPIRED: pgettext("campaigns", "Expired"),
    }  # fmt: skip
    return known.get(priority) or _("Priority %(number)d") % {"number": priority}


def summary(found: Reckoning, *, is_overload: bool) -> str:
    """Return in one sentence whether everything fits."""
    if not found.waiting:
        return _("Nothing is in line.")
    if found.late and is_overload:
        return late_words(found.late, found.waiting)
    if found.late:
        return _("Everything is through about in time; what is late is too little to do anything about.")
    return _("Everything that is in line leaves in time.")


def late_words(late: int, waiting: int) -> str:
    words = ngettext(
        "%(late)d of %(count)d message in line leaves later than it should.",
        "%(late)d of %(count)d messages in line leave later than they should.",
        waiting,
    )
    return words % {"late": late, "count": waiting}


def end_words(found: Reckoning) -> str:
    """Return when the last message leaves."""
    if found.ends_at is None:
        return _("When the last one leaves is not in sight.")
    return _("The last one leaves %(at)s.") % {"at": spoken(found.ends_at)}


def option_words(option: Option) -> OptionWords:
    """Return a decision with its effect."""
    match option.kind:
        case DecisionKind.RESERVE:
            return _of_reserve(option)
        case DecisionKind.TOMORROW:
            return _of_tomorrow(option)
        case DecisionKind.HOLD:
            return _of_hold(option)
    note = _("The gaps go back to usual, the reserve rests, and nobody is told again unless it gets later still.")
    effect = f"{late_words(option.after.late, option.after.waiting)} {end_words(option.after)}"
    return OptionWords(_("Let it run longer"), effect, note, pgettext("demand", "Let it run"))


def _of_reserve(option: Option) -> OptionWords:
    title = ngettext(
        "Let %(count)d number of the reserve help", "Let %(count)d numbers of the reserve help", option.numbers
    )
    note = _("Each keeps its own warm-up and cap, and goes back to the reserve when everything fits again.")
    return OptionWords(title % {"count": option.numbers}, _effect(option), note, pgettext("demand", "Call the reserve"))


def _of_tomorrow(option: Option) -> OptionWords:
    name = option.campaign.name if option.campaign else ""
    title = _("Move %(name)s to the next day") % {"name": name}
    note = _("It goes on by itself %(at)s. Nobody gets it twice.") % {"at": spoken(option.until)}
    return OptionWords(title, _effect(option), note, pgettext("demand", "Move it"))


def _of_hold(option: Option) -> OptionWords:
    name = option.campaign.name if option.campaign else ""
    mine = option.before.campaigns.get(option.campaign.pk) if option.campaign else None
    count = mine.waiting if mine else 0
    words = ngettext(
        "%(count)d message stays in line until somebody resumes it.",
        "%(count)d messages stay in line until somebody resumes it.",
        count,
    )
    return OptionWords(
        _("Hold %(name)s") % {"name": name}, _effect(option), words % {"count": count}, pgettext("demand", "Hold it")
    )


def _effect(option: Option) -> str:
    """Return how many would be late instead of how many, and when all would be through."""
    if option.after.late:
        words = ngettext(
            "%(late)d message is late instead of %(before)d.",
            "%(late)d messages are late instead of %(before)d.",
            option.after.late,
        ) % {"late": option.after.late, "before": option.before.late}
    else:
        words = _("Everything else is through in time.") if option.campaign else _("Everything is through in time.")
    return f"{words} {end_words(option.after)}"


def decision_words(decision: DemandDecision) -> str:
    """Return what was decided."""
    name = decision.campaign.name if decision.campaign else ""
    values = {"name": name, "at": spoken(decision.until), "count": decision.numbers}
    match decision.kind:
        case DecisionKind.RESERVE:
            words = ngettext(
                "%(count)d number of the reserve helps", "%(count)d numbers of the reserve help", decision.numbers
            )
        case DecisionKind.ACCEPT:
            words = _("%(name)s may run until %(at)s")
        case DecisionKind.TOMORROW:
            words = _("%(name)s rests and goes on %(at)s")
        case _:
            words = _("%(name)s is held")
    return words % values
