"""Two servers for one number: when the one that serves cannot be reached, the one on standby takes over (NUM-17)."""

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Membership, Organization
from accounts.services.audit import record_audit
from core.clock import now
from gateways.contract import ConnectionReport
from gateways.intake.ingest import forget_receivers
from gateways.models import Channel, ChannelEvent, ChannelState
from gateways.pool.incidents import QUIET_FOR, WARNING, alert
from gateways.pool.letters import addresses
from gateways.services.states import log_event, tell_pages

# Checks in a row without an answer: with the waits between them this is about a minute and a quarter.
PATIENCE = 4
FAULTS = ("unreachable", "HTTP 5")
SWITCHES = frozenset({"second_server", "first_server"})


def is_unreachable(report: ConnectionReport) -> bool:
    """Tell whether the server itself does not answer, as apart from its session or the phone."""
    return report.state == ChannelState.DISCONNECTED and report.reason.startswith(FAULTS)


def should_switch(channel: Channel, report: ConnectionReport) -> bool:
    """Tell whether the other server of the number is to be tried now."""
    return bool(channel.config.get("second_url")) and is_unreachable(report) and channel.failed_checks + 1 >= PATIENCE


@transaction.atomic
def switch_server(channel: Channel, *, reason: str, actor: Membership | None = None) -> bool:
    """Let the number's other server serve from now on; return whether that is the second one.

    Every worker and sender reads the number's settings anew with its next batch, so nothing else has to be told.
    """
    fresh = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
    config: dict[str, Any] = fresh.config
    to_second = not config.get("on_second", False)
    fresh.config = config | {"on_second": to_second}
    fresh.on_second_server_since = now() if to_second else None
    fresh.failed_checks = 0
    fresh.save(update_fields=["sealed_config", "on_second_server_since", "failed_checks"])
    log_event(fresh, "second_server" if to_second else "first_server", reason, told=actor is not None)
    record_audit("channel.server_switched", actor=actor, target=fresh.name, data={"second": to_second})
    tell_pages(fresh)
    forget_receivers()
    channel.refresh_from_db()
    return to_second


def tell_switch(channel: Channel) -> None:
    """Let people know that the other server serves, once it does; two dead ones tried in turns fill nobody's mailbox."""
    switches = ChannelEvent.objects.filter(channel=channel, kind__in=SWITCHES)
    newest = switches.order_by("-at").first()
    if newest is None or newest.data.get("told") is not False:
        return
    ChannelEvent.objects.filter(pk=newest.pk).update(data={"told": True})
    recent = switches.filter(kind=newest.kind, data__told=True, at__gte=now() - QUIET_FOR).exclude(pk=newest.pk)
    if not recent.exists():
        alert(channel, WARNING, newest.kind)


def write_switch(channel: Channel, code: str) -> None:
    """Tell those who manage the numbers that the other server serves now."""
    organization = Organization.objects.get(pk=channel.organization_id)
    to = addresses(organization)
    with translation.override(organization.language):
        if code == "second_server":
            subject = _("%(number)s runs on its second server") % {"number": channel.name}
            body = _(
                "The first server did not answer for more than a minute. What waited is sent now, the oldest first."
            )
        else:
            subject = _("%(number)s runs on its first server again") % {"number": channel.name}
            body = _("The second server did not answer, and the first one serves again.")
        link = settings.BASE_URL + reverse("gateways:channel", args=[channel.pk])
        if to:
            send_mail(subject, f"{body}\n\n{link}", settings.DEFAULT_FROM_EMAIL, to)
