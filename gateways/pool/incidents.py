"""The record of a number that went out of work, from its end to its return."""

from datetime import datetime, timedelta

from gateways.events import NumberAlert
from gateways.models import Channel, ChannelState, IncidentKind, PoolIncident
from gateways.pool.causes import AGAIN, causes_of, facts_of
from gateways.services.states import BY_HAND
from sagas.outbox import publish

CAREFUL_FOR = timedelta(days=14)
# A number that goes up and down does not fill anybody's mailbox.
QUIET_FOR = timedelta(hours=6)

CRITICAL, WARNING, INFO = "critical", "warning", "info"


def open_incident(channel: Channel, at: datetime, zone: str) -> PoolIncident:
    """Write down that the number is out of work, and why; one that is open already is returned."""
    known = PoolIncident.objects.filter(channel=channel, ended_at=None).first()
    kind = IncidentKind.BAN if channel.state == ChannelState.RESTRICTED else IncidentKind.OUTAGE
    if known is not None and (known.kind == kind or kind == IncidentKind.OUTAGE):
        return known
    facts = facts_of(channel, at, zone)
    causes = causes_of(facts) if kind == IncidentKind.BAN else []
    incident = known or PoolIncident(
        organization_id=channel.organization_id, channel=channel, began_at=channel.state_at or at
    )
    incident.kind, incident.reason, incident.causes, incident.facts = (
        kind, channel.state_reason, causes, facts.as_json(),
    )  # fmt: skip
    incident.save()
    if kind == IncidentKind.BAN:
        _be_careful(channel, AGAIN in causes)
    _tell(incident, at)
    return incident


def _be_careful(channel: Channel, is_repeated: bool) -> None:
    """After its day at half pace a number comes back slowly; one that was restricted before, more slowly."""
    if channel.restricted_until is not None:
        span = CAREFUL_FOR * (2 if is_repeated else 1)
        channel.careful_until = channel.restricted_until + span
        channel.save(update_fields=["careful_until"])


def _tell(incident: PoolIncident, at: datetime) -> None:
    if incident.reason == BY_HAND:
        return
    recent = PoolIncident.objects.filter(channel=incident.channel, kind=incident.kind, began_at__gte=at - QUIET_FOR)
    if not recent.exclude(pk=incident.pk).exists():
        alert(incident.channel, CRITICAL, incident.kind, incident=incident)


def alert(
    channel: Channel, level: str, code: str, *, incident: PoolIncident | None = None, subject: str = ""
) -> None:  # fmt: skip
    """Tell whoever listens that people should know something of a number."""
    incident_id = str(incident.pk) if incident else ""
    publish(NumberAlert(str(channel.organization_id), str(channel.pk), level, code, incident_id, subject))


def end_incident(incident: PoolIncident, at: datetime) -> None:
    incident.ended_at = at
    incident.save(update_fields=["ended_at"])


def note_first_sends() -> int:
    """Note of each stand-in when it first sent; return how many were new. Within the active organization."""
    waiting = PoolIncident.objects.filter(first_send_at=None, replaced_at__isnull=False, replaced_by__isnull=False)
    found = [one for one in waiting.select_related("replaced_by") if _has_sent(one)]
    PoolIncident.objects.bulk_update(found, ["first_send_at"])
    return len(found)


def _has_sent(incident: PoolIncident) -> bool:
    last = incident.replaced_by.last_sent_at if incident.replaced_by else None
    if last is None or incident.replaced_at is None or last < incident.replaced_at:
        return False
    incident.first_send_at = last
    return True
