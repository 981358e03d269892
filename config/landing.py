"""What the public front page says: the pains that bring people here, and what Prosa does about them."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Point(NamedTuple):
    icon: str
    title: Promise
    text: Promise


PROBLEMS = (
    Point(
        "clock",
        _("The answer comes late"),
        _("Who asks at ten at night and hears back the next day has booked somewhere else by then."),
    ),
    Point(
        "users",
        _("Everyone looks the same"),
        _("The curious and the ready wait in one line, and nobody knows whom to call first."),
    ),
    Point(
        "alert",
        _("The number goes down"),
        _("Writing to the whole list at once is the shortest way to lose your WhatsApp, and every conversation in it."),
    ),
)

FEATURES = (
    Point(
        "megaphone",
        _("Campaigns without fear"),
        _("No message goes out twice, nobody is skipped. Pause and go on where it stopped."),
    ),
    Point(
        "sparkle",
        _("An SDR that shows its reasons"),
        _(
            "It asks five things, one at a time, never invents a price, "
            "and each point of the score opens the message that earned it."
        ),
    ),
    Point(
        "chat",
        _("One inbox for the team"),
        _("Take over with one click and the SDR falls silent. Type on the phone itself and it notices too."),
    ),
    Point(
        "calendar-check",
        _("An agenda that fills up"),
        _("The customer chooses the time in the conversation, is reminded, and nobody is booked twice."),
    ),
    Point(
        "shield",
        _("Numbers that last"),
        _("Each number keeps its own pace, its breaks and its daily cap, and stops at the first sign of trouble."),
    ),
    Point(
        "chart",
        _("Figures that say why"),
        _("What was sent, who answered, what was closed, and where people are lost on the way."),
    ),
)
