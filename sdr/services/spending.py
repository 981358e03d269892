"""What the models cost this month, and the one warning when it passes the limit."""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Membership, Organization, Role
from accounts.services.audit import record_audit
from billing.services import ai_budget_cents
from core.clock import now
from core.jobs import job
from core.money import format_brl
from core.tenancy import across_organizations, activate_organization
from sagas.outbox import publish
from sdr.events import AiCostPassed
from sdr.models import ModelCall, SdrProfile
from sdr.registry import LOCAL

logger = logging.getLogger(__name__)

MICROS_PER_CENT = 10_000


@dataclass(frozen=True)
class Month:
    """The calls of a provider this month: how many, for how much, and how many the local engine had to answer in its place."""

    calls: int
    cents: int
    replaced: int


def month_of(organization: Organization, at: datetime) -> Month:
    """Return the month so far of the active organization, counted from its own first of the month."""
    paid = ~Q(provider=LOCAL)
    found = month_calls(organization, at).aggregate(
        calls=Count("pk", filter=paid),
        micros=Sum("cost_micros"),
        replaced=Count("pk", filter=Q(provider=LOCAL) & ~Q(instead_of="")),
    )
    return Month(found["calls"], int(found["micros"] or 0) // MICROS_PER_CENT, found["replaced"])


def month_cents(organization: Organization, at: datetime) -> int:
    """Return what the active organization's calls cost since its own first of the month, in cents."""
    spent = month_calls(organization, at).aggregate(total=Sum("cost_micros"))["total"] or 0
    return int(spent) // MICROS_PER_CENT


def is_over_budget(organization: Organization, at: datetime) -> bool:
    """Tell whether the month's AI budget is used up, the plan's or the business's own; without either it never is."""
    own = SdrProfile.objects.filter(organization_id=organization.pk).values_list("ai_budget_cents", flat=True).first()
    limits = [limit for limit in (ai_budget_cents(organization.pk), own) if limit is not None]
    return bool(limits) and month_cents(organization, at) >= min(limits)


def month_calls(organization: Organization, at: datetime) -> "QuerySet[ModelCall]":
    """Return the calls of the active organization since its own first of the month."""
    start = at.astimezone(ZoneInfo(organization.timezone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return ModelCall.objects.filter(at__gte=start)


@job("default")
def watch_spending() -> None:
    """Warn the owners of every business whose models have cost more than the limit this month."""
    with across_organizations():
        users = list(SdrProfile.objects.exclude(provider=LOCAL).values_list("organization_id", flat=True))
    for organization_id in users:
        with activate_organization(organization_id):
            warn_once(organization_id, now())


@transaction.atomic
def warn_once(organization_id: UUID, at: datetime) -> None:
    """Publish the warning when the month's limit is passed, once a month."""
    organization = Organization.objects.get(pk=organization_id)
    spent = month_cents(organization, at)
    month = at.astimezone(ZoneInfo(organization.timezone)).date().replace(day=1)
    if spent <= settings.AI_COST_ALERT_CENTS or not _first_thismonth_calls(month):
        return
    record_audit("sdr.cost_passed", actor=None, data={"cents": spent, "month": str(month)})
    logger.warning("AI cost passed the limit", extra={"organization": str(organization_id), "cents": spent})
    publish(AiCostPassed(str(organization_id), str(month), spent))


def _first_thismonth_calls(month: date) -> bool:
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
