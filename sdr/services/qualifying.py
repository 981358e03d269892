"""What the SDR knows of a contact, its score, and the one closing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from accounts.models import Team
from conversations.models import Conversation, Handler, Origin
from conversations.services.handling import add_event
from conversations.services.send import send_message
from core.clock import now
from leads.models import Contact
from leads.services.contacts import record_timeline, save_contact, set_qualification
from sagas.outbox import publish
from sdr.contract import FACTS, ChatMessage, Fact, Turn, fact_from
from sdr.engine.replies import closing_message
from sdr.events import LeadQualified
from sdr.models import Qualification, QualificationStatus, Refusal, SdrProfile
from sdr.scoring import Rubric, Score, score
from sdr.services.agents import choose_agent, closings_of, team_of
from sdr.services.profiles import business_profile
from sdr.services.prompts import choose_prompt
from sdr.services.questions import note_question

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """A qualification with its facts as the models take them."""

    row: Qualification
    facts: Mapping[str, Fact]


def qualification_of(conversation: Conversation) -> Known:
    """Return the contact's qualification, locked for this transaction.

    Whoever holds the turn or the conversation too has locked them before, in that order: everybody does, so that nobody waits in
    a circle.
    """
    Qualification.objects.get_or_create(
        contact_id=conversation.contact_id,
        defaults={"organization_id": conversation.organization_id, "conversation": conversation},
    )
    row = Qualification.objects.select_for_update().get(contact_id=conversation.contact_id)
    return Known(row, {name: fact for name in FACTS if (fact := fact_from(row.facts.get(name)))})


def give_prompt(known: Known, conversation: Conversation) -> None:
    """Tie a new lead to a version of the prompt and to an agent, for good: a talk does not change its manner half way."""
    row = known.row
    if row.prompt_id is None and row.bot_messages == 0 and (prompt := choose_prompt(conversation.contact)):
        row.prompt = prompt
        row.save(update_fields=["prompt", "updated_at"])
    if row.agent_id is None and row.bot_messages == 0 and (agent := choose_agent(conversation)):
        row.agent = agent
        row.save(update_fields=["agent", "updated_at"])


def locked_conversation(conversation_id: UUID | str) -> Conversation:
    """Return a conversation locked for this transaction, with its contact."""
    rows = Conversation.objects.select_for_update(of=("self",)).select_related("contact", "channel")
    found: Conversation = rows.get(pk=conversation_id)
    return found


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
        note_question(conversation, turn.unanswered)
    row.save()
    if turn.objections:
        Refusal.objects.create(
            organization_id=row.organization_id, conversation=conversation, model=turn.usage.model, wanted=turn.wanted, sent=turn.reply,
            objections=[vars(objection) for objection in turn.objections],
        )  # fmt: skip
    if name := turn.facts.get("name"):
        _name_contact(conversation.contact_id, name.value)
    return result


def _name_contact(contact_id: UUID, name: str) -> None:
    nameless = Contact.objects.filter(pk=contact_id, name="", anonymised_at=None).first()
    if nameless is not None:
        save_contact(nameless, actor=None, name=name)


def is_complete(facts: Mapping[str, Fact]) -> bool:
    """Whether all five facts are known, the service by its name."""
    return all(name in facts for name in FACTS) and bool(facts["interest"].value)


def resume(known: Known) -> None:
    """Collect again: the lead is back, or a person gave the conversation back. What is qualified stays so."""
    if known.row.status in {QualificationStatus.HANDED_OFF, QualificationStatus.ABANDONED}:
        known.row.status, known.row.handoff_reason = QualificationStatus.COLLECTING, ""


def qualify(known: Known, conversation: Conversation, turn: Turn, result: Score, profile: SdrProfile) -> None:
    """Close the qualification: one closing message, the team of its temperature, the marks on the contact. Once only."""
    row = known.row
    if row.status != QualificationStatus.COLLECTING:
        return
    say_goodbye(known, conversation, turn.facts, result, profile)
    row.status, row.qualified_at = QualificationStatus.QUALIFIED, now()
    row.save()
    hand_over(conversation, "qualified", team=team_of(profile, row.agent, result.temperature))
    mark_contact(conversation, result, QualificationStatus.QUALIFIED)
    add_event(conversation, "qualified", score=result.total, temperature=result.temperature)
    record_timeline(
        conversation.contact_id, kind="qualified", title="qualified", detail=f"{result.total}", at=now(),
        url=reverse("conversations:conversation", args=[conversation.pk]), dedupe_key=f"qualified:{row.pk}",
    )  # fmt: skip
    logger.info("lead qualified", extra={"qualification": str(row.pk), "score": result.total})
    publish(
        LeadQualified(
            str(conversation.organization_id), str(conversation.contact_id), str(conversation.pk), result.temperature,
            result.total,
        )
    )  # fmt: skip


def end_incomplete(
    known: Known, conversation: Conversation, turn: Turn, result: Score, profile: SdrProfile, reason: str
) -> None:
    """End a talk that will not bring the missing facts: one closing message, and a person of the score's team goes on."""
    if known.row.status == QualificationStatus.COLLECTING:
        say_goodbye(known, conversation, turn.facts, result, profile)
    stop_with(
        known,
        conversation,
        QualificationStatus.HANDED_OFF,
        reason,
        team=team_of(profile, known.row.agent, result.temperature),
    )


def say_goodbye(
    known: Known, conversation: Conversation, facts: Mapping[str, Fact], result: Score, profile: SdrProfile
) -> None:
    """Send the lead's closing message; whoever has had it gets no second one."""
    row = known.row
    if row.closing_message_id is not None:
        return
    text = closing_message(business_profile(profile), facts, result.temperature, closings_of(profile, row.agent))
    closing = send_message(conversation, body=text, author=None, origin=Origin.BOT, client_key=f"closing:{row.pk}")
    row.closing_message_id = closing.pk
    row.bot_messages += 1
    row.save()


def hand_over(conversation: Conversation, reason: str, *, team: Team | None = None) -> None:
    """Give the conversation to people, with the reason that they see; a team that it has already stays."""
    changes: dict[str, object] = {"handler": Handler.HUMAN, "paused_until": None, "needs_human": reason}
    if team is not None and (conversation.team_id is None or reason == "qualified"):
        changes["team"] = team
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    conversation.handler, conversation.needs_human = Handler.HUMAN, reason


def stop_with(
    known: Known, conversation: Conversation, status: QualificationStatus, reason: str, *, team: Team | None = None
) -> None:
    """End the SDR's part: a person goes on."""
    row = known.row
    if row.status == QualificationStatus.COLLECTING:
        row.status, row.handoff_reason = status, reason
        row.save()
        mark_contact(conversation, score_of(row), status)
    hand_over(conversation, reason, team=team)
    add_event(conversation, "needs_human", reason=reason)
    logger.info("lead handed over", extra={"qualification": str(row.pk), "reason": reason})


def note_person(conversation_id: UUID | str) -> None:
    """Record that a person has taken the talk over by answering."""
    conversation = locked_conversation(conversation_id)
    row = Qualification.objects.select_for_update().filter(contact_id=conversation.contact_id).first()
    if row is not None and row.status == QualificationStatus.COLLECTING:
        row.status, row.handoff_reason = QualificationStatus.HANDED_OFF, "person"
        row.save()
        mark_contact(conversation, score_of(row), QualificationStatus.HANDED_OFF)


def mark_contact(conversation: Conversation, result: Score, status: QualificationStatus) -> None:
    """Write the state of the qualification on the contact, for lists, filters and other systems."""
    # Without a temperature nothing was read yet, and nothing known is no score of zero.
    points = result.total if result.temperature else None
    set_qualification(conversation.contact_id, temperature=result.temperature, score=points, status=str(status.value))


def score_of(row: Qualification) -> Score:
    """Return the score as it was last written."""
    return Score(row.score, row.temperature, ())
