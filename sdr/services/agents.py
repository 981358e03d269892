"""The voices of the SDR: which one talks to a lead, what else it asks, and how people change them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Membership, Team
from accounts.services.audit import record_audit
from conversations.models import Conversation
from core.text import search_text
from gateways.models import Channel
from sdr.campaign_agents import campaign_book
from sdr.contract import ChatMessage
from sdr.engine.reading import last_burst
from sdr.models import Agent, AgentChannel, Qualification, SdrProfile
from sdr.services.profiles import team_for
from sdr.services.prompts import ATTRIBUTE

MOST_QUESTIONS = 5


def choose_agent(conversation: Conversation) -> Agent | None:
    """Return who talks to a new lead: the agent of the campaign that they answer, else of their segment, else of the number."""
    in_use = Agent.objects.filter(is_active=True)
    wrote = campaign_book().agent_of(conversation.contact_id)
    if wrote and (of_campaign := in_use.filter(pk=wrote).first()):
        return of_campaign  # type: ignore[no-any-return]
    segment = search_text(str(conversation.contact.attributes.get(ATTRIBUTE) or ""))[:60]
    found = in_use.filter(segment=segment).first() if segment else None
    chosen: Agent | None = found or in_use.filter(numbers__channel=conversation.channel_id, segment="").first()
    return chosen


@transaction.atomic
def save_agent(
    agent: Agent,
    values: dict[str, Any],
    channels: Sequence[Channel],
    *,
    campaigns: Sequence[UUID] = (),
    actor: Membership,
) -> Agent:
    """Keep an agent with its numbers and campaigns; what another one had moves to it."""
    for name, value in values.items():
        setattr(agent, name, value)
    agent.segment = search_text(agent.segment)[:60]
    agent.organization_id = actor.organization_id
    agent.save()
    AgentChannel.objects.filter(agent=agent).delete()
    AgentChannel.objects.filter(channel__in=channels).delete()
    for channel in channels:
        AgentChannel.objects.create(agent=agent, channel=channel)
    campaign_book().choose(agent.pk, campaigns)
    record_audit("sdr.agent_saved", actor=actor, target=agent.name)
    return agent


def remove_agent(agent: Agent, *, actor: Membership) -> None:
    record_audit("sdr.agent_removed", actor=actor, target=agent.name)
    agent.delete()


def closings_of(profile: SdrProfile, agent: Agent | None) -> dict[str, str]:
    """Return the closing texts: the agent's own where it has them."""
    own = {name: text for name, text in agent.closings.items() if text} if agent else {}
    return {**profile.closings, **own}


def team_of(profile: SdrProfile, agent: Agent | None, temperature: str) -> Team | None:
    """Return who gets a lead of this temperature from this agent."""
    own: Team | None = getattr(agent, f"team_{temperature}") if agent else None
    return own or team_for(profile, temperature)


def note_own_answer(row: Qualification, history: Sequence[ChatMessage]) -> None:
    """Keep what the customer answered to the agent's own question that is open, if one is."""
    burst = last_burst(history)
    if row.extra and not row.extra[-1]["answer"] and burst:
        text = "\n".join(message.text for message in burst)[:500]
        row.extra = [*row.extra[:-1], {**row.extra[-1], "answer": text, "message_id": burst[-1].id}]
        row.save(update_fields=["extra"])


def next_own_question(row: Qualification) -> str:
    """Return the next question of the lead's agent and note that it is asked, or an empty text when there is none."""
    asked = {item["question"] for item in row.extra}
    question = next((text for text in (row.agent.questions if row.agent else []) if text not in asked), "")
    if question:
        row.extra = [*row.extra, {"question": question, "answer": "", "message_id": ""}]
        row.save(update_fields=["extra"])
    return question
