from django.db import transaction

from accounts.events import OrganizationCreated
from accounts.models import Membership, Organization, Role, User
from accounts.services.audit import record_audit
from core.tenancy import activate_organization
from sagas.outbox import publish


@transaction.atomic
def create_organization(name: str, *, owner: User, segment: str = "", is_demo: bool = False) -> Membership:
    """Create a business with its owner; upper apps add what it starts with when they hear of it."""
    organization = Organization.objects.create(
        name=name.strip(), segment=segment.strip(), language=owner.language, is_demo=is_demo
    )
    with activate_organization(organization.pk):
        membership = Membership.objects.create(user=owner, role=Role.OWNER)
        record_audit("organization.created", actor=membership, target=organization.name)
        publish(OrganizationCreated(str(organization.pk), str(membership.pk)))
    return membership
