"""What the models cost this month, and the one warning when it passes the limit."""

import logging
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q, Sum
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Membership, Organization, Role
from accounts.services.audit import record_audit
from core.clock import now
from core.jobs import job
from core.money import format_brl
from core.tenancy import across_organizations, activate_organization
from sagas.outbox import publish
from sdr.events import AiCostPassed
from sdr.models import ModelCall, SdrProfile

logger = logging.getLogger(__name__)

MICROS_PER_CENT = 10_000


def month_cents(organization: Organization, at: datetime) -> int:
    """Return what the active organization's calls cost since its own first of the month, in cents."""
    start = at.astimezone(ZoneInfo(organization.timezone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spent = ModelCall.objects.filter(at__gte=start).aggregate(total=Sum("cost_micros"))["total"] or 0
    return int(spent) // MICROS_PER_CENT


@job("default")
def watch_spending() -> None:
    """Warn the owners of every business whose models have cost more than the limit this month."""
    with across_organizations():
        users = list(SdrProfile.objects.exclude(provider="local").values_list("organization_id", flat=True))
    for organization_id in users:
        with activate_organization(organization_id):
            warn_once(organization_id, now())


@transaction.atomic
def warn_once(organization_id: UUID, at: datetime) -> None:
    """Publish the warning when the month's limit is passed, once a month."""
    organization = Organization.objects.get(pk=organization_id)
    spent = month_cents(organization, at)
    month = at.astimezone(ZoneInfo(organization.timezone)).date().replace(day=1)
    if spent <= settings.AI_COST_ALERT_CENTS or not _first_this_month(month):
        return
    record_audit("sdr.cost_passed", actor=None, data={"cents": spent, "month": str(month)})
    logger.warning("AI cost passed the limit", extra={"organization": str(organization_id), "cents": spent})
    publish(AiCostPassed(str(organization_id), str(month), spent))


def _first_this_month(month: date) -> bool:
    earlier = Q(cost_alerted_on=None) | Q(cost_alerted_on__lt=month)
    return bool(SdrProfile.objects.filter(earlier).update(cost_alerted_on=month))


def mail_cost_warning(organization_id: str, cents: int) -> None:
    """E-mail the owners what was spent and where to choose a cheaper model."""
    organization = Organization.objects.get(pk=organization_id)
    owners = Membership.objects.filter(role=Role.OWNER, is_active=True).values_list("user__email", flat=True)
    with translation.override(organization.language):
        subject = _("The AI of %(organization)s has cost %(amount)s this month") % {
            "organization": organization.name, "amount": format_brl(cents),
        }  # fmt: skip
        text = _("The limit for a warning is %(limit)s. You can choose the local engine, which costs nothing, here: %(link)s") % {
            "limit": format_brl(settings.AI_COST_ALERT_CENTS), "link": settings.BASE_URL + reverse("sdr:settings"),
        }  # fmt: skip
    send_mail(subject, text, None, list(owners))
