"""All recurring work of the product, in one list."""

from core.schedule import Recurring
from sagas.outbox import deliver_events

RECURRING: list[Recurring] = [
    Recurring(deliver_events, 2, "Deliver events whose bell was lost or whose retry is due."),
]
