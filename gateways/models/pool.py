"""What is remembered of the pool of numbers: how each hour went, how numbers died and were replaced, how drills went."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organization, OrganizationOwned
from gateways.models.channel import Channel
from gateways.registry import get_adapter


class ChannelHour(OrganizationOwned):
    """What people wrote to a number in an hour; ``people`` counts a person once per batch of webhooks at most."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    received = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "channel", "hour"], name="channel_hour_once")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.hour:%Y-%m-%d %H}h"


class PaceSettings(OrganizationOwned):
    """Whether the gaps of an organization's numbers are longer in the hours in which few people answer."""

    organization = models.OneToOneField(Organization, on_delete=models.CASCADE, related_name="+")
    follows_answers = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.follows_answers}"


class IncidentKind(models.TextChoices):
    BAN = "ban", pgettext_lazy("number", "restricted")
    OUTAGE = "outage", pgettext_lazy("number", "disconnected")
    ROTATION = "rotation", pgettext_lazy("number", "planned rotation")


class PoolIncident(OrganizationOwned):
    """A number that went out of work: why, by what evidence, who stands in for it and how fast that was.

    ``began_at`` is when it went out, ``replaced_at`` when the other took its place, ``first_send_at`` when that one first
    sent, ``ended_at`` when the number was back. ``causes`` are codes of :mod:`gateways.pool.causes`, the likeliest first.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="incidents")
    kind = models.CharField(max_length=10, choices=IncidentKind)
    reason = models.CharField(max_length=300, blank=True)
    causes = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    began_at = models.DateTimeField()
    replaced_by = models.ForeignKey(Channel, on_delete=models.CASCADE, null=True, related_name="+")
    replaced_at = models.DateTimeField(null=True)
    first_send_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("incident of a number")
        verbose_name_plural = _("incidents of numbers")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "channel"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_incident_per_number",
            ),
        ]
        indexes = [models.Index(fields=["organization", "-began_at"], name="incident_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel_id}"

    @property
    def seconds_to_replace(self) -> float | None:
        """How long nobody stood in for the number; None while nobody does."""
        return (self.replaced_at - self.began_at).total_seconds() if self.replaced_at else None

    @property
    def seconds_to_send(self) -> float | None:
        """How long until the other number first sent; None while it has not."""
        return (self.first_send_at - self.began_at).total_seconds() if self.first_send_at else None


class DrillState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("drill", "about to start")
    RUNNING = "running", pgettext_lazy("drill", "running")
    PASSED = "passed", pgettext_lazy("drill", "passed")
    FAILED = "failed", pgettext_lazy("drill", "failed")


class PoolDrill(OrganizationOwned):
    """A rehearsal in a sandbox: a virtual number is banned in the middle of a campaign and another has to go on.

    ``seconds`` passed from the ban to the first message of the other number; ``duplicates`` and ``missing`` count people
    who got a message twice or not at all.
    """

    state = models.CharField(max_length=10, choices=DrillState, default=DrillState.WAITING)
    asked_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    banned_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    people = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    sandbox_id = models.UUIDField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("drill")
        verbose_name_plural = _("drills")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="one_drill_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d}: {self.state}"


class MissingSpan(OrganizationOwned):
    """A span in which what people wrote may not have reached us, and what was brought in later.

    ``until`` None while it lasts. ``reason`` is a code of :mod:`gateways.pool.silence`. ``looked_at`` is when the provider
    was asked for what it has of that time, ``tries`` how often, ``recovered`` how many messages were new to us; None where
    it cannot tell.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="missing_spans")
    reason = models.CharField(max_length=20)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    recovered = models.PositiveIntegerField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("silence of a number")
        verbose_name_plural = _("silences of numbers")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "channel"],
                condition=models.Q(until__isnull=True),
                name="one_open_silence_per_number",
            ),
        ]
        indexes = [models.Index(fields=["organization", "-since"], name="silence_newest")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.since:%Y-%m-%d %H:%M}"

    @property
    def is_lost_for_us(self) -> bool:
        """Whether the provider keeps no history, so that only the phone itself knows."""
        return not get_adapter(self.channel.provider).keeps_history
