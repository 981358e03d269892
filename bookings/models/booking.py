import secrets
from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Membership, OrganizationOwned
from bookings.models.professional import Professional
from bookings.models.service import Service
from leads.models import Contact


class BookingState(models.TextChoices):
    HELD = "held", _("held")
    CONFIRMED = "confirmed", _("booked")
    MOVED = "moved", _("moved")
    CANCELLED = "cancelled", pgettext_lazy("booking", "cancelled")
    DONE = "done", pgettext_lazy("booking", "done")
    MISSED = "missed", _("missed")


ACTIVE = (BookingState.HELD, BookingState.CONFIRMED, BookingState.MOVED)
"""States that occupy the professional's time; ``moved`` is a booking that stands at a new time."""


class BookingOrigin(models.TextChoices):
    OWNER = "owner", _("team")
    PUBLIC = "public", _("public page")
    SDR = "sdr", _("SDR")
    API = "api", _("API")


def new_token() -> str:
    return secrets.token_urlsafe(24)


class Booking(OrganizationOwned):
    """A customer's appointment.

    ``during`` is what the customer is told, ``blocked`` the same with the service's buffers; two active bookings of one
    professional never overlap, which the database refuses. Price, name and buffers are those of the day of booking.
    ``email`` is the one given for this booking alone; whoever types somebody's phone learns and changes nothing of them.
    ``version`` grows with every move, so that what was planned for an older time knows that it is stale.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="bookings")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="bookings")
    professional = models.ForeignKey(Professional, on_delete=models.PROTECT, related_name="bookings")
    professional_number = models.BigIntegerField(editable=False)
    during = DateTimeRangeField()
    blocked = DateTimeRangeField()
    state = models.CharField(max_length=9, choices=BookingState, default=BookingState.CONFIRMED)
    held_until = models.DateTimeField(null=True)
    origin = models.CharField(max_length=6, choices=BookingOrigin, default=BookingOrigin.OWNER)
    service_name = models.CharField(max_length=80)
    price_cents = models.PositiveIntegerField(default=0)
    email = models.CharField(_("e-mail"), max_length=254, blank=True, default="", db_default="")
    notes = models.TextField(_("notes"), blank=True, max_length=1000)
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    version = models.PositiveIntegerField(default=1)
    attendance_confirmed_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="booking_org_id"),
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False, during__upper_inf=False),
                name="booking_bounded",
            ),
            models.CheckConstraint(condition=Q(blocked__contains=F("during")), name="booking_blocks_itself"),
            models.CheckConstraint(condition=~Q(state="held") | Q(held_until__isnull=False), name="booking_hold_ends"),
            ExclusionConstraint(
                name="booking_never_twice",
                expressions=[
                    (
                        Func(F("professional_number"), F("professional_number"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    ("blocked", RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["held", "confirmed", "moved"]),
            ),
        ]
        indexes = [
            GistIndex(fields=["during"], name="booking_during"),
            models.Index(fields=["organization", "contact"], name="booking_contact"),
            models.Index(fields=["held_until"], condition=Q(state="held"), name="booking_held"),
        ]

    def __str__(self) -> str:
        return f"{self.service_name} {self.during}"

    @property
    def starts_at(self) -> datetime:
        return self.during.lower  # type: ignore[no-any-return]

    @property
    def ends_at(self) -> datetime:
        return self.during.upper  # type: ignore[no-any-return]

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


class BookingChange(OrganizationOwned):
    """What happened to a booking, by whom; rows are only ever added."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="changes")
    action = models.CharField(max_length=20)
    by = models.CharField(max_length=10)
    actor = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    from_starts_at = models.DateTimeField(null=True)
    to_starts_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("change of a booking")
        verbose_name_plural = _("changes of bookings")
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.action} ({self.by})"
