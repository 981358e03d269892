from typing import Any

from django import template
from django.template import Context

from sdr.models import Question, QuestionState

register = template.Library()


@register.inclusion_tag("sdr/_tabs.html", takes_context=True)
def sdr_tabs(context: Context, tab: str) -> dict[str, Any]:
    """Draw the pages of the SDR; those that this member may not open are left out."""
    return {
        "tab": tab,
        "can_manage": context["request"].membership.can_manage,
        "questions": Question.objects.filter(state=QuestionState.OPEN).count(),
    }
