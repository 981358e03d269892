from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from campaigns.models.campaign import Campaign


class Recurrence(OrganizationOwned):
    """How a campaign that ``repeats`` does so; ``rule`` is :class:`campaigns.schedules.rules.Rule` as JSON.

    The campaign itself is the pattern and writes to nobody: each of its times is a campaign of its own. ``next_on`` is the day of
    the rule that comes next, whose moment is the campaign's ``start_at``.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="recurrence")
    rule = models.JSONField(default=dict)
    next_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("recurrence")
        verbose_name_plural = _("recurrences")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="recurrence_org_id")]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.rule.get('unit', '')}"


class Outcome(models.TextChoices):
    MADE = "made", _("sent")
    HOLIDAY = "holiday", _("left out: day off")
    NOBODY = "nobody", _("nobody to write to")
    MISSED = "missed", _("missed")
    SKIPPED = "skipped", _("left out by hand")


class Occurrence(OrganizationOwned):
    """One time of a series: what became of it. ``planned_on`` is its day by the rule, which it has only once."""

    series = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="occurrences")
    planned_on = models.DateField()
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome)
    run = models.OneToOneField(Campaign, null=True, on_delete=models.SET_NULL, related_name="occurrence")
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("occurrence")
        verbose_name_plural = _("occurrences")
        ordering: ClassVar[list[str]] = ["-planned_on"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="occurrence_org_id"),
            models.UniqueConstraint(fields=["series", "planned_on"], name="occurrence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.series_id}: {self.planned_on}"


class ScheduleSettings(OrganizationOwned):
    """What campaigns of an organization do unless they say otherwise; one row per organization.

    A start that was missed by no more than ``late_hours`` is made up for by itself; above it, or always at 0, people are asked.
    What the plan's limit paused goes on by itself when the limit renews, if it ``resumes_with_plan``.
    """

    late_hours = models.PositiveSmallIntegerField(default=2, db_default=2)
    resumes_with_plan = models.BooleanField(default=True, db_default=True)

    class Meta:
        verbose_name = _("settings of schedules")
        verbose_name_plural = _("settings of schedules")
        constraints = [models.UniqueConstraint(fields=["organization"], name="schedule_settings_once")]

    def __str__(self) -> str:
        return str(self.organization_id)
