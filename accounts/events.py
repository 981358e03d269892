from dataclasses import dataclass

from sagas.events import Event


@dataclass(frozen=True)
class OrganizationCreated(Event):
    owner_membership_id: str


@dataclass(frozen=True)
class MemberInvited(Event):
    invitation_id: str


@dataclass(frozen=True)
class MemberJoined(Event):
    membership_id: str
