from accounts.models.access import ApiToken, Invitation, Membership, Role, Team
from accounts.models.audit import AuditEntry, IdempotentRequest, Secret
from accounts.models.organization import Organization, OrganizationOwned
from accounts.models.user import Theme, User

__all__ = [
    "ApiToken",
    "AuditEntry",
    "IdempotentRequest",
    "Invitation",
    "Membership",
    "Organization",
    "OrganizationOwned",
    "Role",
    "Secret",
    "Team",
    "Theme",
    "User",
]
