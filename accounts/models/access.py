import hashlib
import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.organization import OrganizationOwned


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    ADMIN = "admin", _("administrator")
    AGENT = "agent", _("agent")
    VIEWER = "viewer", _("viewer")

    @property
    def rank(self) -> int:
        return [Role.VIEWER, Role.AGENT, Role.ADMIN, Role.OWNER].index(self)


class Team(OrganizationOwned):
    """People who take conversations together, e.g. those who close hot leads."""

    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering: ClassVar[list[str]] = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="team_org_id"),
            models.UniqueConstraint("organization", Lower("name"), name="team_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(OrganizationOwned):
    """A person's place in an organization."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.AGENT)
    is_active = models.BooleanField(_("active"), default=True)
    teams = models.ManyToManyField(Team, through="TeamMembership", related_name="members")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="membership_org_id"),
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return str(self.user)

    def has_role(self, minimum: Role) -> bool:
        return self.is_active and Role(self.role).rank >= minimum.rank

    @property
    def can_write(self) -> bool:
        return self.has_role(Role.AGENT)

    @property
    def can_manage(self) -> bool:
        return self.has_role(Role.ADMIN)


class TeamMembership(OrganizationOwned):
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "membership"], name="team_member_once")]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.membership_id}"


class Invitation(OrganizationOwned):
    """A link sent by e-mail that makes its reader a member; the link is the signed id, so nothing secret is kept."""

    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.AGENT)
    invited_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_open_once",
            )
        ]

    def __str__(self) -> str:
        return self.email


class ApiToken(OrganizationOwned):
    """A bearer token of the public API; only its hash is kept."""

    name = models.CharField(_("name"), max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.ADMIN)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @staticmethod
    def hash_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @staticmethod
    def new_secret() -> str:
        return f"prosa_{secrets.token_urlsafe(32)}"
