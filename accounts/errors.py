from core.errors import DomainError


class LastOwnerError(DomainError):
    """The change would leave the organization without an owner."""


class InvitationError(DomainError):
    """The invitation cannot be made or accepted."""


class SeatLimitError(InvitationError):
    """The plan allows no more people."""
