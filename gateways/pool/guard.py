"""Who stands in for whom. When a number goes out of work another takes its place, without a person; when it is back for
good the other steps back. Contacts who talk with a living number keep it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization
from gateways.events import NumberReplaced
from gateways.models import Channel, ChannelRole, ChannelState, IncidentKind, PoolIncident
from gateways.pacing import is_restricted, warm_up_cap
from gateways.pool.incidents import end_incident, note_first_sends, open_incident
from gateways.registry import get_adapter
from gateways.services.states import log_event, tell_pages
from sagas.outbox import publish

# A gateway that restarts is back within this time, and nobody has to change places.
GRACE = timedelta(seconds=15)
DOWN = (ChannelState.DISCONNECTED, ChannelState.QR_REQUIRED, ChannelState.CONNECTING)
RESERVE = (ChannelRole.WARMING, ChannelRole.STANDBY)


@job("urgent")
def watch_pools() -> None:
    """Look after the pools in which something is going on: a number down, an incident open."""
    with across_organizations():
        down = Channel.objects.filter(removed_at=None, state__in=[*DOWN, ChannelState.RESTRICTED]).order_by()
        open_ones = PoolIncident.objects.filter(ended_at=None).order_by()
        unsent = PoolIncident.objects.filter(
            first_send_at=None, replaced_at__gte=now() - timedelta(hours=24)
        ).order_by()
        found = {pk for rows in (down, open_ones, unsent) for pk in rows.values_list("organization_id", flat=True)}
    for organization_id in sorted(found):
        with activate_organization(organization_id):
            look_after(organization_id)


@transaction.atomic
def look_after(organization_id: UUID | str) -> int:
    """Open and close incidents of the active organization and let numbers change places; return how many changed."""
    alone(organization_id)
    at = now()
    organization = Organization.objects.get(pk=organization_id)
    channels: list[Channel] = list(Channel.objects.filter(removed_at=None).order_by("created_at"))
    with translation.override(organization.language):
        changed = sum(_is_back(one, channels, at) for one in _open())
        dead = [one for one in channels if is_dead(one, at)]
        incidents = [(open_incident(one, at, organization.timezone), one) for one in dead]
        for channel in dead:
            _step_down(channel)
        changed += sum(_replace(incident, channel, channels, at) for incident, channel in incidents)
    note_first_sends()
    return changed


def alone(organization_id: UUID | str) -> None:
    """Wait until nobody else arranges this pool; for the length of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [f"pool:{organization_id}"])


def _open() -> list[PoolIncident]:
    rows = PoolIncident.objects.filter(ended_at=None).exclude(kind=IncidentKind.ROTATION)
    return list(rows.select_related("channel", "replaced_by"))


def is_dead(channel: Channel, at: datetime) -> bool:
    """Tell whether the number is out of work for longer than a restart takes; one that never worked is not."""
    if channel.connected_at is None:
        return False
    if channel.state == ChannelState.RESTRICTED:
        return True
    return channel.state in DOWN and (channel.state_at or channel.created_at) <= at - GRACE


def _replace(incident: PoolIncident, channel: Channel, channels: list[Channel], at: datetime) -> bool:
    """Let the best of the reserve take the place of an active number."""
    if channel.role != ChannelRole.ACTIVE or any(one.stands_in_for_id == channel.pk for one in channels):
        return False
    best = best_reserve(channel, channels, at)
    if best is None:
        return False
    _step_up(best, channel)
    incident.replaced_by, incident.replaced_at, incident.first_send_at = best, at, None
    incident.save(update_fields=["replaced_by", "replaced_at", "first_send_at"])
    publish(NumberReplaced(str(channel.organization_id), str(channel.pk), str(best.pk), str(incident.pk)))
    return True


def best_reserve(channel: Channel, channels: list[Channel], at: datetime) -> Channel | None:
    """Return who can stand in for a number now: of its kind, rested, and able to send the most."""
    able = [one for one in channels if _can_stand_in(one, channel, at)]
    return max(able, key=lambda one: (warm_up_cap(one, at), one.role == ChannelRole.WARMING), default=None)


def _can_stand_in(one: Channel, channel: Channel, at: datetime) -> bool:
    is_free = one.role in RESERVE and one.stands_in_for_id is None and one.state == ChannelState.CONNECTED
    is_rested = not is_restricted(one, at) and not (one.paused_until and one.paused_until > at)
    same_world = (one.provider == "simulator") == (channel.provider == "simulator")
    return is_free and is_rested and same_world and get_adapter(one.provider).starts_chats


def _step_up(one: Channel, channel: Channel) -> None:
    one.stands_in_for = channel
    one.save(update_fields=["stands_in_for"])
    log_event(one, "took_over", _("Stands in for %(name)s.") % {"name": channel.name}, other=str(channel.pk))
    log_event(channel, "replaced", _("%(name)s stands in for it.") % {"name": one.name}, other=str(one.pk))
    tell_pages(one)


def _step_down(one: Channel) -> None:
    if one.stands_in_for_id is None:
        return
    one.stands_in_for = None
    one.save(update_fields=["stands_in_for"])
    log_event(one, "stepped_back", _("Back in reserve."))
    tell_pages(one)


def _is_back(incident: PoolIncident, channels: list[Channel], at: datetime) -> bool:
    """End the incident of a number that works again, or is gone for good; after a ban only once its day has passed."""
    channel = next((one for one in channels if one.pk == incident.channel_id), None)
    if channel is None:
        _keep_the_place(incident)
    else:
        works = channel.state == ChannelState.CONNECTED and not is_restricted(channel, at)
        if not works and not (channel.state == ChannelState.PAUSED and incident.kind == IncidentKind.OUTAGE):
            return False
        for one in channels:
            if one.stands_in_for_id == channel.pk:
                _step_down(one)
    end_incident(incident, at)
    return True


def _keep_the_place(incident: PoolIncident) -> None:
    """The number will not come back: whoever stands in for it stays."""
    for one in Channel.objects.filter(stands_in_for=incident.channel_id, removed_at=None):
        set_role(one, ChannelRole.ACTIVE)


def set_role(one: Channel, role: str) -> None:
    """Give a number another part in the pool; it stands in for nobody any more."""
    one.role, one.role_since, one.stands_in_for = role, now(), None
    one.save(update_fields=["role", "role_since", "stands_in_for"])
    tell_pages(one)
