"""E-mails about numbers to those who manage them."""

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Membership, Organization, Role
from gateways import words
from gateways.models import Channel, IncidentKind, PoolIncident
from gateways.pool.words import cause_words


def write_alert(channel: Channel, incident: PoolIncident | None) -> int:
    """Tell the owners and administrators what happened to a number and who stands in; return to how many."""
    organization = Organization.objects.get(pk=channel.organization_id)
    to = addresses(organization)
    with translation.override(organization.language):
        subject = _("%(number)s stopped sending") % {"number": channel.name}
        if to:
            send_mail(subject, _body(channel, incident), settings.DEFAULT_FROM_EMAIL, to)
    return len(to)


def addresses(organization: Organization) -> list[str]:
    rows = Membership.objects.filter(organization=organization, role__in=[Role.OWNER, Role.ADMIN], user__is_active=True)
    return sorted(rows.values_list("user__email", flat=True))


def _body(channel: Channel, incident: PoolIncident | None) -> str:
    lines = [
        words.explanation(channel, incident.began_at) if incident else words.badge(channel, channel.created_at).word
    ]
    if incident is not None and incident.kind == IncidentKind.BAN:
        lines += [cause_words(code) for code in incident.causes]
    if incident is not None and incident.replaced_by is not None:
        lines.append(_("%(name)s stands in for it; nothing is lost.") % {"name": incident.replaced_by.name})
    else:
        lines.append(_("No number in reserve could take its place. Connect another one, or wait until it is back."))
    lines.append(settings.BASE_URL + reverse("gateways:channel", args=[channel.pk]))
    return "\n\n".join(lines)
