"""What can be decided when there is more to send than fits, each with what would come of it, reckoned before anybody chooses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.models import Campaign, DecisionKind, Help
from campaigns.overload.reckoning import Reckoning, reckon, with_margin
from campaigns.overload.reserve import candidates, with_reserve
from campaigns.overload.scene import Scene

NUMBERS, CAMPAIGNS = 3, 2
"""So many of the reserve, and so many campaigns, are offered at the most."""


@dataclass(frozen=True)
class Option:
    """A decision that can be taken: ``before`` and ``after`` it, of those campaigns that go on.

    ``numbers`` is how many of the reserve help then, ``until`` when a campaign goes on or what is accepted is through.
    """

    kind: DecisionKind
    before: Reckoning
    after: Reckoning
    campaign: Campaign | None = None
    numbers: int = 0
    until: datetime | None = None


def reckon_now(scene: Scene) -> Reckoning:
    """Return how campaigns fare as things stand: with who helps, at the pace that holds."""
    demands = scene.demands()
    return reckon(demands, scene.pool(pk for one in demands.values() for pk in one.line.channels))


def options(scene: Scene, before: Reckoning) -> list[Option]:
    """Return what can be decided, the most helpful kind first; nothing where everything is through in time."""
    if not before.late:
        return []
    return [*_reserve(scene, before), *_put_off(scene, before), accepting(scene, before)]


def _reserve(scene: Scene, before: Reckoning) -> Iterator[Option]:
    if scene.settings.help == Help.NEVER:
        return
    late, free = before.late_campaigns, candidates(scene, before.late_campaigns)
    for count in range(1, min(NUMBERS, len(free)) + 1):
        after = with_reserve(scene, late, free[:count])
        yield Option(DecisionKind.RESERVE, before, after, numbers=len(scene.helpers) + count)
        if not after.late:
            return


def _put_off(scene: Scene, before: Reckoning) -> Iterator[Option]:
    for campaign in put_off_first(scene, before):
        yield moving(scene, before, campaign)
        yield holding(scene, before, campaign)


def put_off_first(scene: Scene, before: Reckoning) -> list[Campaign]:
    """Return the campaigns that could make room for others: of lower classes, the lowest and biggest first."""
    found = [scene.campaigns[pk] for pk in before.campaigns]
    highest = max((one.priority for one in found), default=0)
    lower = [one for one in found if one.priority < highest]
    waiting = {pk: one.waiting for pk, one in before.campaigns.items()}
    return sorted(lower or found[1:], key=lambda one: (one.priority, -waiting[one.pk]))[:CAMPAIGNS]


def moving(scene: Scene, before: Reckoning, campaign: Campaign) -> Option:
    """Return what comes of moving a campaign to the next day: it fares as it then will, and counts as late no more."""
    until = scene.next_day(campaign)
    demands = scene.demands()
    mine = demands[campaign.pk]
    demands[campaign.pk] = replace(mine, line=replace(mine.line, starts_at=until))
    after = reckon(demands, scene.pool(pk for one in demands.values() for pk in one.line.channels)).campaigns
    moved = replace(after[campaign.pk], late=0)
    return Option(DecisionKind.TOMORROW, before, Reckoning({**after, campaign.pk: moved}), campaign, until=until)


def holding(scene: Scene, before: Reckoning, campaign: Campaign) -> Option:
    demands = {pk: one for pk, one in scene.demands().items() if pk != campaign.pk}
    after = reckon(demands, scene.pool(pk for one in demands.values() for pk in one.line.channels))
    return Option(DecisionKind.HOLD, before, after, campaign)


def accepting(scene: Scene, before: Reckoning) -> Option:
    return Option(DecisionKind.ACCEPT, before, before, until=before.ends_at)


def margin_end(scene: Scene) -> Reckoning:
    """Return how campaigns fare without help if there were a tenth more: what is accepted should hold."""
    demands = with_margin(scene.demands(with_help=False))
    return reckon(demands, scene.pool(pk for one in demands.values() for pk in one.line.channels))
