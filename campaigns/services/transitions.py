"""What may happen to a campaign in which state: the one table of it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.errors import CampaignStateError
from campaigns.models import Campaign, CampaignState
from core.live import signal

S = CampaignState
AT_WORK = (S.RUNNING, S.SCHEDULED)
"""What is so stands on the list: it is never in the archive."""


class Action(StrEnum):
    UPDATE = "update"
    START = "start"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    COMPLETE = "complete"
    REQUEUE = "requeue"
    DELETE = "delete"
    CHOOSE = "choose"
    SKIP = "skip"


@dataclass(frozen=True)
class Move:
    """From which states an action is possible, what to say elsewhere, and the state it leads to (None: the same)."""

    sources: frozenset[CampaignState]
    refusal: Promise
    target: CampaignState | None = None


def _move(refusal: Promise, *sources: CampaignState, to: CampaignState | None = None) -> Move:
    return Move(frozenset(sources), refusal, to)


MOVES: dict[Action, Move] = {
    Action.UPDATE: _move(_("Only a draft or a scheduled campaign can be changed (now: %(state)s)."), S.DRAFT, S.SCHEDULED),
    Action.START: _move(_("This campaign cannot be started (now: %(state)s)."), S.DRAFT, S.SCHEDULED, to=S.RUNNING),
    Action.SCHEDULE: _move(
        _("This campaign cannot be scheduled (now: %(state)s)."), S.DRAFT, S.SCHEDULED, to=S.SCHEDULED
    ),
    Action.UNSCHEDULE: _move(_("This campaign is not scheduled (now: %(state)s)."), S.SCHEDULED, to=S.DRAFT),
    Action.PAUSE: _move(_("Only a campaign that is sending can be paused (now: %(state)s)."), S.RUNNING, to=S.PAUSED),
    Action.RESUME: _move(_("Only a paused campaign can be resumed (now: %(state)s)."), S.PAUSED, to=S.RUNNING),
    Action.CANCEL: _move(
        _("There is nothing left to cancel (now: %(state)s)."), S.SCHEDULED, S.RUNNING, S.PAUSED, to=S.CANCELLED
    ),
    Action.COMPLETE: _move(_("This campaign is not sending (now: %(state)s)."), S.RUNNING, to=S.COMPLETED),
    Action.REQUEUE: _move(
        _("Nothing can be sent again in this campaign (now: %(state)s)."), S.RUNNING, S.PAUSED, S.COMPLETED
    ),
    Action.CHOOSE: _move(_("Nobody is in line any more (now: %(state)s)."), S.RUNNING, S.PAUSED),
    Action.SKIP: _move(_("Only a series has times that can be left out (now: %(state)s).")),
    Action.DELETE: _move(
        _("Pause or cancel the campaign before deleting it (now: %(state)s)."),
        S.DRAFT, S.SCHEDULED, S.PAUSED, S.COMPLETED, S.CANCELLED,
    ),
}  # fmt: skip

_OF_RUNS = _("A campaign that repeats writes to nobody itself: its times do (now: %(state)s).")

# The pattern of a series waits for its next time, or is held; it never sends.
MOVES_OF_SERIES: dict[Action, Move] = {
    Action.UPDATE: _move(_("This series has ended (now: %(state)s)."), S.DRAFT, S.SCHEDULED, S.PAUSED),
    Action.START: _move(_OF_RUNS),
    Action.SCHEDULE: _move(_OF_RUNS),
    Action.UNSCHEDULE: _move(_("This series is not active (now: %(state)s)."), S.SCHEDULED, to=S.DRAFT),
    Action.PAUSE: _move(_("This series is not active (now: %(state)s)."), S.SCHEDULED, to=S.PAUSED),
    Action.RESUME: _move(_("Only a series that is held can go on (now: %(state)s)."), S.PAUSED, to=S.SCHEDULED),
    Action.CANCEL: _move(_("This series has ended (now: %(state)s)."), S.SCHEDULED, S.PAUSED, to=S.CANCELLED),
    Action.SKIP: _move(_("This series is not active (now: %(state)s)."), S.SCHEDULED),
    Action.COMPLETE: _move(_("This series is not active (now: %(state)s)."), S.SCHEDULED, to=S.COMPLETED),
    Action.REQUEUE: _move(_OF_RUNS),
    Action.CHOOSE: _move(_OF_RUNS),
    Action.DELETE: _move(
        _("End the series before deleting it (now: %(state)s)."), S.DRAFT, S.PAUSED, S.COMPLETED, S.CANCELLED
    ),
}


def move_of(campaign: Campaign, action: Action) -> Move:
    """Return what the action does to this campaign."""
    return (MOVES_OF_SERIES if campaign.repeats else MOVES)[action]


def is_allowed(campaign: Campaign, action: Action) -> bool:
    """Return whether the campaign's state allows the action; pages show only the buttons that work."""
    return CampaignState(campaign.state) in move_of(campaign, action).sources


def check(campaign: Campaign, action: Action) -> None:
    """Raise :class:`CampaignStateError`, in words, unless the action is possible."""
    if not is_allowed(campaign, action):
        state = CampaignState(campaign.state).label
        raise CampaignStateError(
            str(move_of(campaign, action).refusal) % {"state": state}, code=f"campaign_{campaign.state}"
        )


def lock(campaign: Campaign) -> Campaign:
    """Return the campaign's newest row, locked until the transaction ends, so that two clicks are one."""
    locked: Campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    return locked


def tell_pages(campaign: Campaign) -> None:
    """Let open pages look at the campaign, at the list of campaigns and at the figures again."""
    tell(campaign.organization_id, campaign.pk)


def tell(organization_id: UUID | str, campaign_id: UUID | str) -> None:
    signal(organization_id, f"campaign:{campaign_id}")
    signal(organization_id, "campaigns")
    signal(organization_id, "dashboard")
