"""The e-mail to those who manage: there is more to send than fits, and a decision waits."""

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from campaigns.models import Help, Overload
from campaigns.overload.settings import demand_settings
from campaigns.overload.words import late_words
from gateways.pool.letters import addresses


def write_overload(overload: Overload) -> int:
    """Ask for a decision where people want to be asked; return how many were written to."""
    organization = Organization.objects.get(pk=overload.organization_id)
    to = addresses(organization)
    if not to or overload.ended_at is not None or demand_settings().help != Help.ASK:
        return 0
    with translation.override(organization.language), timezone.override(organization.timezone):
        words = late_words(overload.late, overload.waiting)
        advice = _("See what is late, what each decision would bring, and decide:")
        link = settings.BASE_URL + reverse("campaigns:demand")
        send_mail(
            _("There is more to send than fits"), f"{words}\n\n{advice}\n\n{link}", settings.DEFAULT_FROM_EMAIL, to
        )
    return len(to)
