"""A word to leads who vanished in the middle of a talk: in the business's own words, by day, a few times at most, never over an answer."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from conversations.models import ConversationStatus, Origin
from conversations.services.send import send_message
from conversations.services.window import is_shut
from core.clock import local, now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization
from core.text import first_name
from sdr.models import Agent, FollowUps, Qualification, SdrProfile
from sdr.services.abandoning import silent_leads
from sdr.services.closed_hours import opening_of
from sdr.services.profiles import get_profile
from sdr.services.qualifying import locked_conversation

logger = logging.getLogger(__name__)

MOST = 3
BATCH = 200


@dataclass(frozen=True)
class Plan:
    """What is said to silent leads, after how many hours, and between which hours of the day; of an agent, or of all the others."""

    texts: Sequence[str]
    hours: int
    day_from: int
    day_until: int
    agent: Agent | None = None

    def is_day(self, at: datetime, zone: str) -> bool:
        """Tell whether people may be written to now, by the business's own clock; an agent writes in its hours only."""
        return self.day_from <= local(at, zone).hour < self.day_until and opening_of(self.agent, at, zone) is None


@job("default")
def follow_up_silent() -> None:
    """Write to the leads whose silence is long enough, where it is day."""
    with across_organizations():
        own = Agent.objects.filter(follow_up_mode=FollowUps.OWN).exclude(follow_ups=[]).values("organization_id")
        profiles = SdrProfile.objects.filter(enabled=True).filter(~Q(follow_ups=[]) | Q(organization_id__in=own))
        organizations = list(profiles.values_list("organization_id", flat=True))
    for organization_id in organizations:
        with activate_organization(organization_id):
            profile = get_profile()
            plans = plans_at(profile, now())
            for pk, conversation_id in _silent(profile, plans).values_list("pk", "conversation_id")[:BATCH]:
                _follow_up(profile, plans, pk, conversation_id)


def plans_at(profile: SdrProfile, at: datetime) -> list[Plan]:
    """Return the plans by which people may be written to at a moment."""
    return [plan for plan in plans_of(profile) if plan.is_day(at, profile.organization.timezone)]


def plans_of(profile: SdrProfile) -> list[Plan]:
    """Return the plan of each agent that does not leave it to the settings, and that of the settings for the others."""
    agents = list(Agent.objects.exclude(follow_up_mode=FollowUps.SETTINGS, working_hours={}))
    plans = [_plan(agent if agent.follow_up_mode == FollowUps.OWN else profile, agent) for agent in agents]
    return [plan for plan in (*plans, _plan(profile, None)) if plan.texts]


def _plan(source: SdrProfile | Agent, agent: Agent | None) -> Plan:
    never = agent is not None and agent.follow_up_mode == FollowUps.NEVER
    texts = [] if never else source.follow_ups[:MOST]
    return Plan(texts, source.follow_up_hours, source.follow_up_from, source.follow_up_until, agent)


def _silent(profile: SdrProfile, plans: Sequence[Plan]) -> "QuerySet[Qualification]":
    """Return the leads to whom one of the plans has something left to say; without a plan there are none."""
    return silent_leads().filter(
        reduce(or_, map(_falls_to, plans), Q(pk__in=())), bot_messages__gt=0, bot_messages__lt=profile.max_messages - 1,
        contact__opted_out_at=None, contact__anonymised_at=None, conversation__status=ConversationStatus.OPEN,
    )  # fmt: skip


def _falls_to(plan: Plan) -> Q:
    theirs = Q(agent=None) | Q(agent__follow_up_mode=FollowUps.SETTINGS, agent__working_hours={})
    silence = timedelta(hours=plan.hours)
    return Q(
        Q(agent=plan.agent) if plan.agent else theirs, follow_ups__lt=len(plan.texts),
        conversation__last_message_at__lt=now() - silence,
    )  # fmt: skip


@transaction.atomic
def _follow_up(profile: SdrProfile, plans: Sequence[Plan], pk: UUID, conversation_id: UUID) -> None:
    conversation = locked_conversation(conversation_id)
    row = _silent(profile, plans).select_for_update(of=("self",)).filter(pk=pk, conversation=conversation).first()
    if row is None or is_shut(conversation):
        return
    by_agent = {plan.agent.pk if plan.agent else None: plan for plan in plans}
    plan = by_agent.get(row.agent_id) or by_agent[None]
    name = conversation.contact.name
    text = plan.texts[row.follow_ups].replace("{nome}", first_name(name) if name else "").replace(" ,", ",").strip()
    send_message(
        conversation,
        body=" ".join(text.split()),
        author=None,
        origin=Origin.BOT,
        client_key=f"followup:{row.pk}:{row.follow_ups}",
    )
    # Not saved through the model: it is not the lead who did something.
    Qualification.objects.filter(pk=pk).update(follow_ups=F("follow_ups") + 1, bot_messages=F("bot_messages") + 1)
    logger.info("lead followed up", extra={"qualification": str(pk)})
