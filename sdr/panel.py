"""The SDR's card in the inbox: the score, what earned each point and where it was said."""

from django.http import HttpRequest
from django.template.loader import render_to_string

from conversations.models import Conversation
from sdr.models import Qualification, ReplyTurn, Verdict


def qualification_card(request: HttpRequest, conversation: Conversation) -> str:
    """Return the card, or nothing while the SDR knows nothing."""
    found = Qualification.objects.filter(contact_id=conversation.contact_id).first()
    if found is None:
        return ""
    cited = ReplyTurn.objects.filter(conversation=conversation).exclude(sources=[]).order_by("-created_at")
    sources = cited.values_list("sources", flat=True).first() or []
    context = {"qualification": found, "needle": f"{found.score * 100 / 130:.1f}%", "sources": sources}
    said = Verdict.objects.filter(qualification=found).values_list("was_hot", flat=True).first()
    context |= {"was_hot": said, "can_write": request.membership.can_write, "is_read": bool(found.breakdown)}  # type: ignore[attr-defined]
    return render_to_string("sdr/_card.html", context, request)
