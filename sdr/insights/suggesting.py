"""What the numbers speak for changing."""

from sdr.insights.figures import Insights
from sdr.insights.parts import Suggestion
from sdr.insights.wording import suggested_instruction
from sdr.models import QualificationStatus

ENOUGH_LOST, ENOUGH_OBJECTIONS, ENOUGH_PEOPLE, ENOUGH_HELD_BACK = 5, 3, 3, 2


def suggestions_of(insights: Insights) -> list[Suggestion]:
    """Return what would help; nothing without enough leads behind it."""
    told = [Suggestion("questions", insights.open_questions)] if insights.open_questions else []
    lost = insights.counts[QualificationStatus.ABANDONED] + insights.counts[QualificationStatus.HANDED_OFF]
    missing, objections = insights.missing, insights.objections
    if missing and lost >= ENOUGH_LOST and missing[0].count * 5 >= lost * 2:
        told.append(_worded("missing", missing[0].count, missing[0].key))
    if objections and objections[0].count >= ENOUGH_OBJECTIONS:
        told.append(_worded("objection", objections[0].count, objections[0].key))
    people = next((part.count for part in insights.reasons if part.key == "wants_human"), 0)
    if people >= ENOUGH_PEOPLE and people * 5 >= insights.counts["all"]:
        told.append(_worded("people", people))
    if insights.held_back >= ENOUGH_HELD_BACK:
        told.append(Suggestion("held_back", insights.held_back))
    return told


def _worded(code: str, count: int, key: str = "") -> Suggestion:
    return Suggestion(code, count, key, suggested_instruction(code, key))
