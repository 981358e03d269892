from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Membership, OrganizationOwned
from campaigns.models.campaign import Campaign


class Help(models.TextChoices):
    """Whether numbers in reserve send too while there is more to send than fits."""

    NEVER = "never", pgettext_lazy("reserve", "Never: they only stand in for numbers that stop")
    ASK = "ask", pgettext_lazy("reserve", "Ask me")
    ITSELF = "itself", pgettext_lazy("reserve", "By itself")


class Window(models.TextChoices):
    """By when the messages of a campaign should have left."""

    DAY = "day", pgettext_lazy("overload", "A day: until the end of today, or within 24 hours of the start")
    PLAN = "plan", pgettext_lazy("overload", "The plan: until the end that was shown before the start")


class DemandSettings(OrganizationOwned):
    """What an organization wants when there is more to send than fits; one row, none while nobody has changed it."""

    help = models.CharField(max_length=6, choices=Help, default=Help.ASK, db_default="ask")
    window = models.CharField(max_length=4, choices=Window, default=Window.DAY, db_default="day")

    class Meta:
        verbose_name = _("settings of demand")
        verbose_name_plural = _("settings of demand")
        constraints = [models.UniqueConstraint(fields=["organization"], name="demand_settings_once")]

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.help}"


class Overload(OrganizationOwned):
    """A time in which there was more to send than fitted, from its begin to its end; one at a time.

    ``waiting`` messages were in line when it was last looked at, ``late`` of them leave after their time, the last of all at
    ``ends_at`` (None: not in sight); ``most_late`` is the highest that ``late`` has been. ``late_campaigns`` counts them by campaign.
    """

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    waiting = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0)
    most_late = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(null=True)
    late_campaigns = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("overload")
        verbose_name_plural = _("overloads")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="overload_org_id"),
            models.UniqueConstraint(fields=["organization"], condition=Q(ended_at=None), name="one_open_overload"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.began_at:%Y-%m-%d %H:%M}"


class DecisionKind(models.TextChoices):
    RESERVE = "reserve", pgettext_lazy("demand", "Numbers of the reserve help")
    ACCEPT = "accept", pgettext_lazy("demand", "It may run longer")
    HOLD = "hold", pgettext_lazy("demand", "Held until somebody resumes it")
    TOMORROW = "tomorrow", pgettext_lazy("demand", "Moved to the next day")


class DemandDecision(OrganizationOwned):
    """What somebody decided in an overload.

    ``numbers`` is how many of the reserve help, ``until`` when an accepted campaign should be through or a moved one goes on.
    It holds until ``ended_at``; ``undone`` says that a person took it back.
    """

    overload = models.ForeignKey(Overload, on_delete=models.CASCADE, related_name="decisions")
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, null=True, related_name="demand_decisions")
    kind = models.CharField(max_length=8, choices=DecisionKind)
    numbers = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField(null=True)
    by = models.ForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    undone = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("decision about demand")
        verbose_name_plural = _("decisions about demand")
        indexes = [models.Index(fields=["organization", "kind"], condition=Q(ended_at=None), name="decision_holds")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind"],
                condition=Q(kind="reserve", ended_at=None),
                name="one_call_of_the_reserve",
            ),
            models.UniqueConstraint(
                fields=["campaign", "kind"], condition=Q(ended_at=None), name="one_decision_of_a_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.campaign_id or ''}"
