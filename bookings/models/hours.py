from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from bookings.models.professional import Professional

DAY_MINUTES = 24 * 60


class WorkingHours(OrganizationOwned):
    """One stretch of work on one weekday (Monday = 0), in minutes of the local clock; breaks are what lies between."""

    professional = models.ForeignKey(Professional, on_delete=models.CASCADE, related_name="hours")
    professional_number = models.BigIntegerField(editable=False)
    weekday = models.PositiveSmallIntegerField(_("weekday"))
    start_minute = models.PositiveSmallIntegerField()
    end_minute = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ("weekday", "start_minute")
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__lte=6, start_minute__lt=F("end_minute"), end_minute__lte=DAY_MINUTES),
                name="working_hours_order",
            ),
            ExclusionConstraint(
                name="working_hours_apart",
                expressions=[
                    (
                        Func(F("professional_number"), F("professional_number"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (Func(F("weekday"), F("weekday"), Value("[]"), function="int4range"), RangeOperators.OVERLAPS),
                    (Func(F("start_minute"), F("end_minute"), function="int4range"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday}: {self.start_minute}-{self.end_minute}"


class TimeOff(OrganizationOwned):
    """Time in which one professional, or nobody at all, can be booked."""

    professional = models.ForeignKey(Professional, null=True, on_delete=models.CASCADE, related_name="time_off")
    during = DateTimeRangeField()
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="time_off_org_id"),
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False, during__upper_inf=False),
                name="time_off_bounded",
            ),
        ]

    def __str__(self) -> str:
        return self.reason or str(self.during)


class DayRule(OrganizationOwned):
    """A day that the business closes by itself, or a holiday on which it opens all the same."""

    day = models.DateField(_("day"))
    is_open = models.BooleanField(_("open"), default=False)
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ("day",)
        constraints = [models.UniqueConstraint(fields=["organization", "day"], name="day_rule_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.name}"
