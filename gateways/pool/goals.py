"""What a pool should hold to (NUM-18), measured: numbers that send, days without a restriction, slack, work left to people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gateways.models import ChannelRole, IncidentKind, PoolIncident
from gateways.pool.capacity import SPARE_GOAL, Capacity

SENDING, CALM_DAYS, ALONE_PERCENT = 3, 30, 95
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Goal:
    """One goal with what is true now; ``is_met`` None where there is nothing to measure yet."""

    label: str
    now: str
    is_met: bool | None


def goals(capacity: Capacity, calm_days: int | None, at: datetime) -> list[Goal]:
    """Return the goals of the active organization's pool."""
    return [_sending(capacity), _calm(calm_days), _spare(capacity), _alone(at)]


def _sending(capacity: Capacity) -> Goal:
    found = ngettext("%(count)d number sends", "%(count)d numbers send", capacity.numbers)
    label = _("%(count)d numbers or more that send") % {"count": SENDING}
    return Goal(label, found % {"count": capacity.numbers}, capacity.numbers >= SENDING)


def _calm(days: int | None) -> Goal:
    label = _("%(count)d days without a restriction") % {"count": CALM_DAYS}
    if days is None:
        return Goal(label, _("no number was ever restricted"), True)
    found = ngettext("%(count)d day so far", "%(count)d days so far", days) % {"count": days}
    return Goal(label, found, days >= CALM_DAYS)


def _spare(capacity: Capacity) -> Goal:
    label = _("%(percent)d%% slack tomorrow or more") % {"percent": round(SPARE_GOAL * 100)}
    if not capacity.numbers:
        return Goal(label, _("nothing to measure yet"), None)
    return Goal(label, f"{capacity.spare_percentage}%", capacity.is_enough)


def _alone(at: datetime) -> Goal:
    """Count as solved alone what another number took over, or what came back before anybody had to."""
    label = _("%(percent)d%% of the stops solved without a person") % {"percent": ALONE_PERCENT}
    stops = PoolIncident.objects.exclude(kind=IncidentKind.ROTATION).filter(began_at__gte=at - MONTH)
    rows = list(stops.filter(channel__role=ChannelRole.ACTIVE).values_list("kind", "replaced_by", "ended_at"))
    if not rows:
        return Goal(label, _("nothing to measure yet"), None)
    solved = len([1 for kind, other, end in rows if other or (end and kind == IncidentKind.OUTAGE)])
    found = _("%(solved)d of %(count)d in 30 days") % {"solved": solved, "count": len(rows)}
    return Goal(label, found, solved * 100 >= ALONE_PERCENT * len(rows))
