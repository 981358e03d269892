from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationOwned, Team


class SdrProfile(OrganizationOwned):
    """What the SDR knows about the business and how it behaves; one row per organization.

    ``services`` is ``[{"name", "price_cents": int | None}]``; ``rubric`` is :class:`sdr.scoring.Rubric` as JSON, empty for the
    default; ``closings`` is ``{temperature: text}``, empty for the engine's own; ``faq`` is ``[{"question", "answer"}]``;
    ``follow_ups`` are the texts for a lead who vanishes, sent one by one after ``follow_up_hours`` of silence, between the hours
    ``follow_up_from`` and ``follow_up_until`` of the business's day;
    ``fallbacks`` are the codes of the providers asked when ``provider`` fails, in order, before the local engine;
    ``provider_options`` is ``{code: {"model", "small_model", "base_url", "seconds"}}``, each optional; ``ai_budget_cents`` is the
    business's own limit of a month, beside the plan's;
    ``rescore_from`` is the rubric by which leads were scored that are still to be scored by the one in use, null when all are;
    ``cost_alerted_on`` is the first day of the month whose cost the owners were warned of last.
    """

    organization = models.OneToOneField(Organization, on_delete=models.CASCADE, related_name="+")
    enabled = models.BooleanField(_("the SDR answers"), default=True)
    business_name = models.CharField(_("business name"), max_length=120, blank=True)
    segment = models.CharField(_("line of business"), max_length=80, blank=True)
    agent_name = models.CharField(_("name of the SDR"), max_length=40, default="Clara")
    services = models.JSONField(_("services"), default=list)
    city = models.CharField(_("city"), max_length=80, blank=True)
    area = models.JSONField(_("area served"), default=list)
    hours = models.CharField(_("opening hours"), max_length=200, blank=True)
    faq = models.JSONField(default=list)
    business_context = models.TextField(blank=True)
    provider = models.CharField(max_length=20, default="local")
    model = models.CharField(max_length=80, blank=True)
    fallbacks = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    provider_options = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    ai_budget_cents = models.PositiveIntegerField(null=True, blank=True)
    rubric = models.JSONField(default=dict)
    rescore_from = models.JSONField(null=True)
    closings = models.JSONField(default=dict)
    quiet_seconds = models.PositiveSmallIntegerField(default=8)
    max_wait_seconds = models.PositiveSmallIntegerField(default=45)
    max_messages = models.PositiveSmallIntegerField(default=20)
    team_quente = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    team_morno = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    team_frio = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    team_muito_frio = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    follow_ups = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    follow_up_hours = models.PositiveSmallIntegerField(default=4, db_default=4)
    follow_up_from = models.PositiveSmallIntegerField(default=9, db_default=9)
    follow_up_until = models.PositiveSmallIntegerField(default=19, db_default=19)
    cost_alerted_on = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    # Read from Redis: what has changed meanwhile would be written over.
    is_kept = False

    class Meta:
        verbose_name = _("SDR profile")
        verbose_name_plural = _("SDR profiles")

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.is_kept:
            raise TypeError("this profile is only to be read")
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.agent_name
