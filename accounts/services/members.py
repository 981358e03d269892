"""Invitations and the people of an organization."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.errors import InvitationError, LastOwnerError
from accounts.events import MemberInvited, MemberJoined
from accounts.models import Invitation, Membership, Role, User
from accounts.seats import take_seat
from accounts.services.audit import record_audit
from core.clock import now
from core.tenancy import across_organizations, activate_organization
from sagas.outbox import publish

INVITATION_LIFE = timedelta(days=7)
SALT = "accounts.invitation"


@transaction.atomic
def invite(email: str, *, role: Role, actor: Membership) -> Invitation:
    """Invite a person by e-mail, replacing an older open invitation to the same address."""
    email = email.strip().lower()
    if Role(role).rank > Role(actor.role).rank:
        raise InvitationError(_("You cannot invite someone to a role above your own."))
    if Membership.objects.filter(user__email__iexact=email, is_active=True).exists():
        raise InvitationError(_("This person already works here."))
    take_seat(actor.organization_id, email=email)
    Invitation.objects.filter(email__iexact=email, accepted_at=None, revoked_at=None).update(revoked_at=now())
    invitation: Invitation = Invitation.objects.create(
        email=email, role=role, invited_by=actor, expires_at=now() + INVITATION_LIFE
    )
    record_audit("member.invited", actor=actor, target=email, data={"role": role})
    publish(MemberInvited(str(invitation.organization_id), str(invitation.pk)))
    return invitation


def invitation_link(invitation: Invitation) -> str:
    """Return the absolute address that accepts the invitation."""
    token = signing.dumps(str(invitation.pk), salt=SALT)
    return settings.BASE_URL + reverse("accounts:invitation-accept", args=[token])


def find_invitation(token: str) -> Invitation:
    """Return the open invitation of a link; raise :class:`InvitationError` in words when it is no longer good."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise InvitationError(_("This link is not complete. Copy it again from the e-mail.")) from None
    with across_organizations():
        invitation: Invitation | None = Invitation.objects.select_related("organization").filter(pk=pk).first()
    if invitation is None or invitation.revoked_at or invitation.accepted_at or invitation.expires_at <= now():
        raise InvitationError(_("This invitation is no longer valid. Ask for a new one."))
    return invitation


@transaction.atomic
def accept_invitation(invitation: Invitation, user: User) -> Membership:
    """Make the person a member; a second click finds the membership that the first one made."""
    if user.email.lower() != invitation.email.lower():
        raise InvitationError(_("This invitation was sent to another e-mail address."))
    with activate_organization(invitation.organization_id):
        locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
        # Its seat was kept since it was sent, but the plan may have become smaller.
        take_seat(invitation.organization_id, email=user.email)
        membership, _created = Membership.objects.update_or_create(
            organization_id=invitation.organization_id,
            user=user,
            defaults={"role": locked.role, "is_active": True},
        )
        locked.accepted_at = locked.accepted_at or now()
        locked.save(update_fields=["accepted_at"])
        record_audit("member.joined", actor=membership, target=user.email)
        publish(MemberJoined(str(invitation.organization_id), str(membership.pk)))
    return membership


def revoke_invitation(invitation: Invitation, *, actor: Membership) -> None:
    """Make the link of an invitation useless."""
    invitation.revoked_at = invitation.revoked_at or now()
    invitation.save(update_fields=["revoked_at"])
    record_audit("member.invitation_revoked", actor=actor, target=invitation.email)


@transaction.atomic
def change_member(membership: Membership, *, role: Role, is_active: bool, actor: Membership) -> None:
    """Change what a person may do; refuses to touch a higher role or to leave the business without an owner."""
    if max(Role(membership.role).rank, Role(role).rank) > Role(actor.role).rank:
        raise InvitationError(_("Only an owner can change another owner."))
    owners = Membership.objects.select_for_update().filter(role=Role.OWNER, is_active=True)
    if is_active and not membership.is_active:
        take_seat(membership.organization_id, email=membership.user.email)
    stays_owner = role == Role.OWNER and is_active
    if membership.role == Role.OWNER and not stays_owner and not owners.exclude(pk=membership.pk).exists():
        raise LastOwnerError(_("The business needs at least one owner."))
    membership.role, membership.is_active = role, is_active
    membership.save(update_fields=["role", "is_active"])
    record_audit("member.changed", actor=actor, target=str(membership), data={"role": role, "active": is_active})


def send_invitation(invitation: Invitation) -> None:
    """E-mail the link, in the business's language."""
    context = {"invitation": invitation, "link": invitation_link(invitation), "organization": invitation.organization}
    with translation.override(invitation.organization.language):
        subject = _("%(organization)s invited you to Prosa") % {"organization": invitation.organization.name}
        text = render_to_string("accounts/email/invitation.txt", context)
        html = render_to_string("accounts/email/invitation.html", context)
    send_mail(subject, text, None, [invitation.email], html_message=html)


def send_welcome(membership: Membership) -> None:
    """E-mail a new member what comes next."""
    context = {"membership": membership, "link": settings.BASE_URL + reverse("reports:dashboard")}
    with translation.override(membership.user.language):
        subject = _("Welcome to %(organization)s") % {"organization": membership.organization.name}
        text = render_to_string("accounts/email/welcome.txt", context)
        html = render_to_string("accounts/email/welcome.html", context)
    send_mail(subject, text, None, [membership.user.email], html_message=html)
