"""Why a text was not offered, in words."""

from django.utils.translation import gettext as _

from sdr.contract import Refused
from sdr.copywriting.checks import MAX_LINE, MAX_LINES, MIN_LINES


def reason_of(refused: Refused) -> str:
    """Return the rule that a text broke as a sentence."""
    if refused.code == "alike":
        return _("%(percent)d%% the same as another variation.") % {"percent": refused.percent}
    words = {
        "lines": _("It does not have %(least)d to %(most)d lines.") % {"least": MIN_LINES, "most": MAX_LINES},
        "long": _("A line has more than %(count)d characters.") % {"count": MAX_LINE},
        "name": _("It does not use the name of the person."),
        "promise": _("It promises something that you did not say."),
        "link": _("It has a link that you did not give."),
        "price": _("It names a price that you did not say."),
    }
    return words[refused.code]
