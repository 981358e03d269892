"""An organization asks for another plan; the platform's staff change it and charge for it."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from accounts.models import Membership, User
from accounts.services.audit import record_audit
from billing.models import Plan


@transaction.atomic
def ask_for_plan(plan: Plan, *, actor: Membership) -> int:
    """Tell the platform's staff, who can answer to the person that asked; return how many were told."""
    record_audit("plan.asked", actor=actor, target=plan.name, data={"plan": plan.code})
    staff = list(User.objects.filter(is_staff=True, is_active=True).order_by("email").values_list("email", flat=True))
    if staff:
        subject = f"{actor.organization.name}: {plan.name}"
        body = (
            f"{actor.user.name} <{actor.user.email}>\n{actor.organization.name} ({actor.organization_id})\n{plan.name}"
        )
        letter = EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, staff, reply_to=[actor.user.email])
        transaction.on_commit(letter.send)
    return len(staff)
