from accounts.events import MemberInvited, MemberJoined
from accounts.models import Invitation, Membership
from accounts.services.members import send_invitation, send_welcome
from sagas.outbox import subscriber


@subscriber(MemberInvited)
def mail_the_invitation(event: MemberInvited) -> None:
    invitation = Invitation.objects.select_related("organization").get(pk=event.invitation_id)
    if invitation.accepted_at is None and invitation.revoked_at is None:
        send_invitation(invitation)


@subscriber(MemberJoined)
def welcome_the_member(event: MemberJoined) -> None:
    send_welcome(Membership.objects.select_related("organization", "user").get(pk=event.membership_id))
