from bookings.models.booking import ACTIVE, Booking, BookingChange, BookingOrigin, BookingState
from bookings.models.calendar import BusyBlock, CalendarAccount, CalendarState
from bookings.models.hours import DayRule, TimeOff, WorkingHours
from bookings.models.notice import BookingNotice, HandledReply, NoticeKind, NoticeState, SlotOffer
from bookings.models.professional import Professional
from bookings.models.service import Service, ServiceProfessional
from bookings.models.settings import BookingSettings, InvoiceMoment, OwnerNotice

__all__ = [
    "ACTIVE",
    "Booking",
    "BookingChange",
    "BookingNotice",
    "BookingOrigin",
    "BookingSettings",
    "BookingState",
    "BusyBlock",
    "CalendarAccount",
    "CalendarState",
    "DayRule",
    "HandledReply",
    "InvoiceMoment",
    "NoticeKind",
    "NoticeState",
    "OwnerNotice",
    "Professional",
    "Service",
    "ServiceProfessional",
    "SlotOffer",
    "TimeOff",
    "WorkingHours",
]
