from django.utils import translation
from django.utils.translation import gettext as _

from accounts.events import OrganizationCreated
from accounts.models import Organization
from gateways.events import ChannelStateChanged, NumberAlert
from gateways.models import Channel, PoolIncident
from gateways.pool.guard import look_after
from gateways.pool.incidents import CRITICAL
from gateways.pool.letters import write_alert
from gateways.pool.notices import keep_alert
from gateways.services.alerts import NEAR, write_near_cap
from gateways.services.channels import create_channel
from gateways.services.servers import SWITCHES, write_switch
from sagas.outbox import subscriber


@subscriber(OrganizationCreated)
def open_a_simulator(event: OrganizationCreated) -> None:
    """Give a new business a number that is not a number, so that it can try everything at once."""
    if Channel.objects.filter(provider="simulator").exists():
        return
    with translation.override(Organization.objects.get(pk=event.organization_id).language):
        create_channel(provider="simulator", name=_("Simulator"), config={"speed": 10})


@subscriber(ChannelStateChanged)
def look_after_the_pool(event: ChannelStateChanged) -> None:
    """Let another number take the place of one that was restricted, at once."""
    look_after(event.organization_id)


@subscriber(NumberAlert)
def ring_the_bell(event: NumberAlert) -> None:
    keep_alert(event)


@subscriber(NumberAlert)
def write_to_who_manages(event: NumberAlert) -> None:
    """E-mail what cannot wait."""
    channel = Channel.objects.filter(pk=event.channel_id).first()
    if channel is not None and event.code in SWITCHES:
        write_switch(channel, event.code)
    if channel is not None and event.code == NEAR:
        write_near_cap(channel)
    if channel is None or event.level != CRITICAL or channel.provider == "simulator":
        return
    incident = PoolIncident.objects.filter(pk=event.incident_id or None).select_related("replaced_by").first()
    write_alert(channel, incident)
