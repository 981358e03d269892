"""What the SDR knows of a contact, its score, and the one closing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from conversations.models import Conversation, Handler, Origin
from conversations.services.handling import add_event
from conversations.services.send import send_message
from core.clock import now
from leads.models import Contact
from leads.services.contacts import record_timeline, set_qualification
from sagas.outbox import publish
from sdr.contract import FACTS, ChatMessage, Fact, Turn, fact_from
from sdr.engine.replies import closing_message
from sdr.events import LeadQualified
from sdr.models import Qualification, QualificationStatus, SdrProfile
from sdr.scoring import Rubric, Score, score
from sdr.services.profiles import business_profile, team_for


@dataclass(frozen=True)
class Known:
    """A qualification with its facts as the models take them."""

    row: Qualification
    facts: Mapping[str, Fact]


def qualification_of(conversation: Conversation) -> Known:
    """Return the contact's qualification, locked for this transaction."""
    Qualification.objects.get_or_create(
        contact_id=conversation.contact_id,
        defaults={"organization_id": conversation.organization_id, "conversation": conversation},
    )
    row = Qualification.objects.select_for_update().get(contact_id=conversation.contact_id)
    return Known(row, {name: fact for name in FACTS if (fact := fact_from(row.facts.get(name)))})


def record_turn(
    known: Known, conversation: Conversation, turn: Turn, history: Sequence[ChatMessage], profile: SdrProfile
) -> Score:
    """Write what a turn taught, with the score that follows from it."""
    result = score(turn.facts, history, Rubric.from_json(profile.rubric))
    row = known.row
    row.conversation = conversation
    row.facts = {name: turn.facts[name].as_dict() if name in turn.facts else None for name in FACTS}
    row.breakdown = [line.as_dict() for line in result.breakdown]
    row.score, row.temperature, row.sentiment = result.total, result.temperature, turn.sentiment
    if turn.unanswered:
        row.unanswered = [*row.unanswered, turn.unanswered][-20:]
    row.save()
    if name := turn.facts.get("name"):
        Contact.objects.filter(pk=conversation.contact_id, name="").update(name=name.value[:160])
    return result


def is_complete(facts: Mapping[str, Fact]) -> bool:
    """Whether all five facts are known, the service by its name."""
    return all(name in facts for name in FACTS) and bool(facts["interest"].value)


def qualify(known: Known, conversation: Conversation, turn: Turn, result: Score, profile: SdrProfile) -> None:
    """Close the qualification: one closing message, the team of its temperature, the marks on the contact. Once only."""
    row = known.row
    if row.status != QualificationStatus.COLLECTING or row.closing_message_id:
        return
    text = closing_message(business_profile(profile), turn.facts, result.temperature, profile.closings)
    closing = send_message(conversation, body=text, author=None, origin=Origin.BOT, client_key=f"closing:{row.pk}")
    row.status, row.qualified_at, row.closing_message_id = QualificationStatus.QUALIFIED, now(), closing.pk
    row.save()
    hand_over(conversation, "qualified", team=team_for(profile, result.temperature))
    set_qualification(
        conversation.contact_id,
        temperature=result.temperature,
        score=result.total,
        status=QualificationStatus.QUALIFIED,
    )
    add_event(conversation, "qualified", score=result.total, temperature=result.temperature)
    record_timeline(
        conversation.contact_id, kind="qualified", title="qualified", detail=f"{result.total}", at=now(),
        url=reverse("conversations:conversation", args=[conversation.pk]), dedupe_key=f"qualified:{row.pk}",
    )  # fmt: skip
    publish(
        LeadQualified(
            str(conversation.organization_id), str(conversation.contact_id), str(conversation.pk), result.temperature,
            result.total,
        )
    )  # fmt: skip


def hand_over(conversation: Conversation, reason: str, *, team: object = None) -> None:
    """Give the conversation to people, with the reason that they see."""
    changes: dict[str, object] = {"handler": Handler.HUMAN, "needs_human": reason}
    if team is not None:
        changes["team"] = team
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    conversation.handler, conversation.needs_human = Handler.HUMAN, reason


def stop_with(known: Known, conversation: Conversation, status: QualificationStatus, reason: str) -> None:
    """End the SDR's part without a closing: a person goes on."""
    if known.row.status == QualificationStatus.COLLECTING:
        known.row.status, known.row.handoff_reason = status, reason
        known.row.save()
    hand_over(conversation, reason)
    add_event(conversation, "needs_human", reason=reason)
