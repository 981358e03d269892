"""How grave the state of a number is (NUM-16), and the warning when a day's cap comes near."""

from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from core.clock import day_bounds, local, now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization
from gateways.models import Channel, ChannelEvent, ChannelState
from gateways.pacing import pace_of, used_today
from gateways.pool.incidents import CRITICAL, INFO, WARNING, alert
from gateways.pool.letters import addresses
from gateways.queries import NEAR_CAP, Card
from gateways.services.states import BY_HAND, log_event

NEAR = "near_cap"
DOWN = (ChannelState.DISCONNECTED, ChannelState.RESTRICTED, ChannelState.QR_REQUIRED)

__all__ = ["CRITICAL", "INFO", "NEAR", "WARNING", "level_of", "warn_near_caps", "write_near_cap"]


def level_of(card: Card) -> str:
    """Return ok, info, warning or critical; what a person stopped is no trouble."""
    channel = card.channel
    if channel.state in DOWN and channel.state_reason != BY_HAND:
        return CRITICAL
    if card.is_near_cap or card.warning or channel.on_second_server_since or channel.silent_since:
        return WARNING
    return INFO if channel.stands_in_for_id or card.warming_day else "ok"


@job("default")
def warn_near_caps() -> None:
    """Warn once a day of every number that has sent four fifths of its cap."""
    with across_organizations():
        rows = Channel.objects.filter(removed_at=None, state=ChannelState.CONNECTED, sent_today__gt=0)
        found = list(rows.exclude(provider="simulator").select_related("organization"))
    for channel in found:
        with activate_organization(channel.organization_id):
            _warn(channel, now())


def _warn(channel: Channel, at: datetime) -> None:
    zone = channel.organization.timezone
    cap, used = pace_of(channel, at).daily_cap, used_today(channel, at, zone)
    if not cap or used < round(cap * NEAR_CAP):
        return
    today = day_bounds(local(at, zone).date(), zone)[0]
    if not ChannelEvent.objects.filter(channel=channel, kind=NEAR, at__gte=today).exists():
        log_event(channel, NEAR, f"{used} / {cap}", used=used, cap=cap)
        alert(channel, WARNING, NEAR)


def write_near_cap(channel: Channel) -> None:
    """Tell those who manage the numbers that one has almost sent all of its day."""
    organization = Organization.objects.get(pk=channel.organization_id)
    to = addresses(organization)
    with translation.override(organization.language):
        at = now()
        subject = _("%(number)s is near today's cap") % {"number": channel.name}
        body = _("It has sent %(used)d of the %(cap)d messages that it may send today. The rest waits for tomorrow.") % {
            "used": used_today(channel, at, organization.timezone), "cap": pace_of(channel, at).daily_cap or 0,
        }  # fmt: skip
        link = settings.BASE_URL + reverse("gateways:channel", args=[channel.pk])
        if to:
            send_mail(subject, f"{body}\n\n{link}", settings.DEFAULT_FROM_EMAIL, to)
