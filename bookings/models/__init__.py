from bookings.charges.models import ChargeLink, MailState, PaymentReceipt
from bookings.models.booking import ACTIVE, Booking, BookingChange, BookingOrigin, BookingState
from bookings.models.calendar import BusyBlock, CalendarAccount, CalendarState
from bookings.models.calendar_entry import CalendarEntry
from bookings.models.hours import DayRule, TimeOff, WorkingHours
from bookings.models.notice import BookingNotice, HandledReply, NoticeKind, NoticeState, SlotOffer
from bookings.models.professional import Professional
from bookings.models.sent_mark import SentMark
from bookings.models.service import Service, ServiceProfessional
from bookings.models.settings import BookingSettings, OwnerNotice

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
    "CalendarEntry",
    "CalendarState",
    "ChargeLink",
    "DayRule",
    "HandledReply",
    "MailState",
    "NoticeKind",
    "NoticeState",
    "OwnerNotice",
    "PaymentReceipt",
    "Professional",
    "SentMark",
    "Service",
    "ServiceProfessional",
    "SlotOffer",
    "TimeOff",
    "WorkingHours",
]
