"""Every two weeks a grown number of the reserve and an active one change places, so that none carries everything for ever.

Nobody's conversation moves: who talks with a number keeps it, and it goes on sending a little each day.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization
from gateways.events import NumberReplaced
from gateways.models import Channel, ChannelRole, ChannelState, IncidentKind, PoolIncident
from gateways.pacing import WARM_DAYS, age_in_days
from gateways.pool.guard import RESERVE, alone, set_role
from gateways.pool.incidents import INFO, alert
from gateways.registry import get_adapter
from gateways.services.states import log_event
from sagas.outbox import publish

EVERY = timedelta(days=14)
RESTED_AFTER = timedelta(days=7)


@job("default")
def rotate_pools() -> None:
    """Rotate in each organization that has somebody whose turn it is; one pair an hour at the most."""
    with across_organizations():
        due = Channel.objects.filter(removed_at=None, role=ChannelRole.ACTIVE, role_since__lte=now() - EVERY)
        found = set(due.order_by().values_list("organization_id", flat=True))
    for organization_id in sorted(found):
        with activate_organization(organization_id):
            rotate(organization_id)


@transaction.atomic
def rotate(organization_id: UUID | str) -> PoolIncident | None:
    """Let the longest active number and the longest rested one change places; None when nobody can or need."""
    alone(organization_id)
    at = now()
    if PoolIncident.objects.filter(ended_at=None).exists():
        return None  # the reserve may be needed any moment
    channels = [one for one in Channel.objects.filter(removed_at=None) if _takes_part(one, at)]
    tired = [one for one in channels if one.role == ChannelRole.ACTIVE and _since(one) <= at - EVERY]
    rested = [one for one in channels if one.role in RESERVE and _since(one) <= at - RESTED_AFTER]
    if not tired or not rested:
        return None
    organization = Organization.objects.get(pk=organization_id)
    with translation.override(organization.language):
        return _change_places(min(tired, key=_since), min(rested, key=_since), at)


def _takes_part(one: Channel, at: datetime) -> bool:
    """Only grown numbers that can be banned for writing too much, and that are well."""
    is_well = one.state == ChannelState.CONNECTED and not (one.careful_until and one.careful_until > at)
    is_grown = one.connected_at is not None and age_in_days(one, at) >= WARM_DAYS
    return is_well and is_grown and one.stands_in_for_id is None and get_adapter(one.provider).is_paced


def _since(one: Channel) -> datetime:
    return one.role_since or one.created_at


def _change_places(tired: Channel, rested: Channel, at: datetime) -> PoolIncident:
    set_role(tired, ChannelRole.WARMING)
    set_role(rested, ChannelRole.ACTIVE)
    incident: PoolIncident = PoolIncident.objects.create(
        channel=tired, kind=IncidentKind.ROTATION, began_at=at, replaced_by=rested, replaced_at=at, ended_at=at
    )
    log_event(tired, "rotated", _("%(name)s sends in its place now.") % {"name": rested.name}, other=str(rested.pk))
    log_event(rested, "rotated", _("Sends in place of %(name)s now.") % {"name": tired.name}, other=str(tired.pk))
    publish(NumberReplaced(str(tired.organization_id), str(tired.pk), str(rested.pk), str(incident.pk)))
    alert(tired, INFO, IncidentKind.ROTATION, incident=incident)
    return incident
