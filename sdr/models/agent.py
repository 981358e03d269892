from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned, Team
from gateways.models import Channel


class Agent(OrganizationOwned):
    """One voice of the SDR, for some numbers or one segment of leads; whoever fits none is talked to by the profile's own.

    ``questions`` are its own, asked one by one after the five facts are known; ``closings`` is ``{temperature: text}``. Empty texts
    and teams fall back to the profile's. ``segment`` is the folded value of the contact's attribute "segmento".
    """

    name = models.CharField(_("name"), max_length=40)
    opening = models.CharField(_("first words"), max_length=300, blank=True)
    instructions = models.TextField(_("manner and goals"), blank=True)
    segment = models.CharField(_("segment"), max_length=60, blank=True)
    questions = models.JSONField(default=list)
    closings = models.JSONField(default=dict)
    is_active = models.BooleanField(_("in use"), default=True)
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
