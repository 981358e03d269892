"""Sentences for a new version of the prompt, one for each thing that the numbers may speak for."""

from collections.abc import Callable

from django.utils.translation import gettext as _

_SENTENCES: dict[tuple[str, str], Callable[[], str]] = {
    ("missing", "name"): lambda: _("Ask for the name early, and say that it is to keep the talk under it."),
    ("missing", "interest"): lambda: _("Ask first what the person is looking for, and name two or three services to choose from."),
    ("missing", "urgency"): lambda: _("Say that you ask for when they want it in order to look at the times that suit."),
    ("missing", "knowledge"): lambda: _("Say that you ask whether they have done it before in order to explain only what is new to them."),
    ("missing", "location"): lambda: _("Say that you ask for the neighbourhood in order to see whether it is within reach."),
    ("objection", "price"): lambda: _("To whoever finds it dear, say what the price includes and ask what weighs most. Offer no discount."),
    ("objection", "later"): lambda: _("Ask whoever wants to think what is missing to decide, and agree on when to talk again."),
    ("objection", "distance"): lambda: _("To whoever finds it far, say where the business is and ask which neighbourhood suits better."),
    ("objection", "trust"): lambda: _("To whoever doubts, tell only what is written in the knowledge, and offer to talk to a person."),
    ("objection", "elsewhere"): lambda: _("Ask whoever compares what mattered to them there, and speak ill of nobody."),
    ("objection", "fear"): lambda: _("Whoever is afraid is taken seriously: explain how it goes and offer to talk to a person."),
    ("objection", "time"): lambda: _("To whoever has no time, offer the first and the last times of the day."),
    ("people", ""): lambda: _("Say in the first message that a person of the team is there whenever they are wanted."),
}  # fmt: skip


def suggested_instruction(code: str, key: str) -> str:
    """Return the sentence for a suggestion, empty where the words of the prompt would not help."""
    sentence = _SENTENCES.get((code, key))
    return sentence() if sentence else ""
