from core.errors import DomainError


class SlotTakenError(DomainError):
    """Somebody else has the time, or it is not on offer."""


class BookingStateError(DomainError):
    """The booking is past the point at which this could be done to it."""


class TooManyBookingsError(DomainError):
    """The contact holds as many future bookings as one may make by oneself."""


class ScheduleError(DomainError):
    """The hours, the service or the day cannot be kept like this; the message says why."""

    status = 422
