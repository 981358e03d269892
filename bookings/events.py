from dataclasses import dataclass

from sagas.events import Event


@dataclass(frozen=True)
class BookingEvent(Event):
    """``version`` is the booking's at that moment; ``by`` is team, customer, sdr or system."""

    booking_id: str
    contact_id: str
    version: int
    by: str

    @property
    def ordering_key(self) -> str:
        return f"booking:{self.booking_id}"


@dataclass(frozen=True)
class BookingHeld(BookingEvent):
    """A slot is kept until the customer confirms or the time runs out."""


@dataclass(frozen=True)
class BookingConfirmed(BookingEvent):
    """The booking stands."""


@dataclass(frozen=True)
class BookingMoved(BookingEvent):
    """The booking stands at another time."""


@dataclass(frozen=True)
class BookingCancelled(BookingEvent):
    """The time is free again; ``was_held`` when the booking had never been confirmed."""

    was_held: bool = False


@dataclass(frozen=True)
class BookingFinished(BookingEvent):
    """The customer came, or did not: ``state`` is done or missed."""

    state: str = "done"
