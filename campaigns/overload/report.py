"""The report for the decision: what there is to send, what fits today, what is late by how much, and what Prosa does about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from campaigns.models import Campaign, DemandDecision, DemandSettings, Overload
from campaigns.overload.decisions import holding
from campaigns.overload.options import reckon_now
from campaigns.overload.reckoning import Outcome, Reckoning
from campaigns.overload.reserve import candidates
from campaigns.overload.scene import Scene, read_scene
from gateways.models import Channel


@dataclass(frozen=True)
class CampaignLine:
    campaign: Campaign
    outcome: Outcome


@dataclass(frozen=True)
class ClassOfLines:
    """The campaigns of one class of priority, and their sums."""

    priority: int
    lines: Sequence[CampaignLine]

    @property
    def waiting(self) -> int:
        return sum(one.outcome.waiting for one in self.lines)

    @property
    def late(self) -> int:
        return sum(one.outcome.late for one in self.lines)


@dataclass(frozen=True)
class DemandReport:
    """``overload`` is the one that lasts, None while everything fits; ``found`` how campaigns fare as things stand.

    ``free`` numbers of the reserve could help and do not; ``slower_percent`` is by how much gaps have grown, from and to.
    """

    scene: Scene
    overload: Overload | None
    found: Reckoning
    classes: Sequence[ClassOfLines]
    helpers: Sequence[Channel]
    free: int
    decisions: Sequence[DemandDecision]
    slower_percent: tuple[int, int] | None

    @property
    def at(self) -> datetime:
        return self.scene.at

    @property
    def settings(self) -> DemandSettings:
        return self.scene.settings

    @property
    def later(self) -> int:
        """How many leave after today, late or not."""
        return self.found.waiting - self.found.today

    @property
    def left_in_plan(self) -> int | None:
        """How many messages the organization's plan still lets leave today, where that is less than what fits; else None."""
        usage = self.scene.usage
        if usage.daily_limit is None:
            return None
        left = max(0, usage.daily_limit - usage.sent_today)
        return left if left < self.found.today else None


def report_of(at: datetime) -> DemandReport:
    """Return the report of the active organization."""
    scene = read_scene(at)
    found = reckon_now(scene)
    overload = Overload.objects.filter(ended_at=None).first()
    grown = [one.crowd_percent - 100 for one in scene.channels.values() if one.crowd_percent]
    return DemandReport(
        scene=scene,
        overload=overload,
        found=found,
        classes=_classes(scene, found),
        helpers=scene.helpers,
        free=len(candidates(scene, found.late_campaigns)) if found.late else 0,
        decisions=list(holding()),
        slower_percent=(min(grown), max(grown)) if grown else None,
    )


def _classes(scene: Scene, found: Reckoning) -> list[ClassOfLines]:
    lines = [CampaignLine(scene.campaigns[pk], outcome) for pk, outcome in found.campaigns.items()]
    lines.sort(key=lambda one: -one.campaign.priority)
    grouped = groupby(lines, key=lambda one: one.campaign.priority)
    return [ClassOfLines(priority, list(rows)) for priority, rows in grouped]
