from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned, Team
from gateways.models import Channel


class Closed(models.TextChoices):
    """What an agent does with whoever writes outside its hours. Either way the answer comes when it opens."""

    MESSAGE = "message", _("say at once when it answers")
    WAIT = "wait", _("say nothing until it opens")


class FollowUps(models.TextChoices):
    SETTINGS = "settings", _("as in the settings")
    OWN = "own", _("in its own words")
    NEVER = "never", _("none")


class Agent(OrganizationOwned):
    """One voice of the SDR, for some campaigns, one segment of leads or some numbers; the profile's own talks to whoever fits none.

    ``questions`` are its own, asked one by one after the five facts are known; ``closings`` is ``{temperature: text}``. Empty texts
    and teams fall back to the profile's. ``segment`` is the folded value of the contact's attribute "segmento".
    ``working_hours`` is :class:`core.clock.SendingHours` in whole days, empty for always; ``away_text`` is said outside them, empty
    for the product's words. ``follow_ups`` and what follows it mean what they mean in the profile, where ``follow_up_mode`` is own.
    """

    name = models.CharField(_("name"), max_length=40)
    opening = models.CharField(_("first words"), max_length=300, blank=True)
    instructions = models.TextField(_("manner"), blank=True)
    goals = models.TextField(_("goals"), blank=True, default="", db_default="")
    segment = models.CharField(_("segment"), max_length=60, blank=True)
    questions = models.JSONField(default=list)
    closings = models.JSONField(default=dict)
    is_active = models.BooleanField(_("in use"), default=True)
    working_hours = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    closed = models.CharField(max_length=7, choices=Closed, default=Closed.MESSAGE, db_default=Closed.MESSAGE)
    away_text = models.CharField(max_length=400, blank=True, default="", db_default="")
    follow_up_mode = models.CharField(
        max_length=8, choices=FollowUps, default=FollowUps.SETTINGS, db_default=FollowUps.SETTINGS
    )
    follow_ups = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    follow_up_hours = models.PositiveSmallIntegerField(default=4, db_default=4)
    follow_up_from = models.PositiveSmallIntegerField(default=9, db_default=9)
    follow_up_until = models.PositiveSmallIntegerField(default=19, db_default=19)
    channels = models.ManyToManyField(Channel, through="AgentChannel", related_name="+")
    team_quente = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    team_morno = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    team_frio = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    team_muito_frio = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("agent of the SDR")
        verbose_name_plural = _("agents of the SDR")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="agent_org_id")]
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return self.name


class AgentChannel(OrganizationOwned):
    """A number whose new leads an agent talks to; each number has at most one."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="numbers")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("number of an agent")
        verbose_name_plural = _("numbers of agents")
        constraints = [models.UniqueConstraint(fields=["channel"], name="agent_channel_once")]

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.channel_id}"
