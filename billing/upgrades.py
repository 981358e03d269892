"""An organization asks for another plan; the platform's staff change it and charge for it."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from accounts.models import Membership, User
from accounts.services.audit import record_audit
from billing.events import PlanAsked
from billing.models import Plan
from sagas.outbox import publish


@transaction.atomic
def ask_for_plan(plan: Plan, *, actor: Membership) -> None:
    """Ask the platform's staff, who can answer to the person that asked."""
    record_audit("plan.asked", actor=actor, target=plan.name, data={"plan": plan.code})
    publish(PlanAsked(str(actor.organization_id), plan.code, str(actor.pk)))


def write_to_staff(plan: Plan, actor: Membership) -> None:
    """Mail a request for a plan to everybody of the staff; without any it waits in the record of what was done."""
    staff = list(User.objects.filter(is_staff=True, is_active=True).order_by("email").values_list("email", flat=True))
    if not staff:
        return
    organization, person = actor.organization, actor.user
    subject = f"{organization.name}: {plan.name}"
    body = f"{person.name} <{person.email}>\n{organization.name} ({organization.pk})\n{plan.name}"
    EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, staff, reply_to=[person.email]).send()
