"""Causes of a restriction in the words of an owner: what was seen, and what to change."""

from django.utils.translation import gettext as _

from gateways.pool import causes


def cause_words(code: str) -> str:
    """Return a sentence for a cause and the next step."""
    known = {
        causes.YOUNG: _("The number was young and sent more than a number of its age should. Leave the warm-up on."),
        causes.TOO_FAST: _("The messages followed each other too quickly. Leave 45 to 60 seconds between them."),
        causes.TOO_MANY: _("It sent more than 600 messages in a day. Spread them over more numbers."),
        causes.BAD_LIST: _("Many messages went to phones that do not exist. Clean the list before the next campaign."),
        causes.UNANSWERED: _("Few people answered. Write to those who know you, and ask a question."),
        causes.AT_NIGHT: _("Many messages left at night. Let the number rest from 22h to 8h."),
        causes.AGAIN: _("It was restricted before within a month. It comes back more slowly this time."),
        causes.UNPROVOKED: _("It had sent nothing that day. Numbers by QR code can be restricted without a reason."),
    }
    return known.get(code, _("Nothing in its last days explains it. Numbers by QR code can always be restricted."))
