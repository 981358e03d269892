"""What customers asked and nobody had written down: collected once, answered once, known from then on."""

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from conversations.models import Conversation
from core.clock import now
from core.errors import DomainError
from core.text import search_text
from sdr.models import Question, QuestionState, SdrProfile
from sdr.services.profiles import get_profile

MAX_ANSWERS = 60


class KnowledgeFullError(DomainError):
    status = 422


def note_question(conversation: Conversation, text: str) -> None:
    """Note a question that only a person can answer; asked again it only counts."""
    text = " ".join(text.split())[:300]
    key = search_text(text)[:300].strip(" ?!.")
    if not key or _count_again(key):
        return
    try:
        with transaction.atomic():
            Question.objects.create(
                organization_id=conversation.organization_id, text=text, key=key, contact_id=conversation.contact_id,
                conversation=conversation,
            )  # fmt: skip
    except IntegrityError:
        _count_again(key)


def _count_again(key: str) -> bool:
    again = Question.objects.filter(key=key, state=QuestionState.OPEN)
    return bool(again.update(times=F("times") + 1, last_asked_at=now()))


@transaction.atomic
def answer_question(question: Question, asked: str, answer: str, *, actor: Membership) -> None:
    """Add an answer to what the SDR knows, under the words in which it will be asked again."""
    profile = SdrProfile.objects.select_for_update().get(pk=get_profile().pk)
    if len(profile.faq) >= MAX_ANSWERS:
        raise KnowledgeFullError(
            _("There is room for %(count)d answers. Put the rest into a document.") % {"count": MAX_ANSWERS}
        )
    profile.faq = [*profile.faq, {"question": asked.strip()[:200], "answer": answer.strip()[:600]}]
    profile.save(update_fields=["faq", "updated_at"])
    Question.objects.filter(pk=question.pk).update(state=QuestionState.ANSWERED)
    record_audit("sdr.question_answered", actor=actor, target=asked[:120])


def dismiss_question(question: Question, *, actor: Membership) -> None:
    """Set a question aside that needs no answer."""
    if Question.objects.filter(pk=question.pk, state=QuestionState.OPEN).update(state=QuestionState.DISMISSED):
        record_audit("sdr.question_dismissed", actor=actor, target=question.text[:120])
