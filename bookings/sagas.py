"""The processes of this app; the orchestrator learns of them when this is imported."""

from bookings.booking_saga import create_booking
from bookings.charges.saga import collect_payment

__all__ = ["collect_payment", "create_booking"]
