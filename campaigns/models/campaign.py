from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Membership, OrganizationOwned
from gateways.models import Channel
from leads.models import ContactList

PLAN_PREFIX = "plan:"
"""Begins the ``pause_reason`` of a campaign whose plan has no messages left; what follows is ``Grant.reason`` of billing."""


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("draft")
    SCHEDULED = "scheduled", _("scheduled")
    RUNNING = "running", _("sending")
    PAUSED = "paused", _("paused")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")


class Split(models.TextChoices):
    """How people are divided among the variants."""

    WEIGHTS = "weights", pgettext_lazy("variants", "by weight")
    AUTOMATIC = "auto", pgettext_lazy("variants", "more of what is answered more")


class Campaign(OrganizationOwned):
    """A message in one or more variants to the contacts of some lists.

    ``sending_hours`` is ``{"days": [0..6, Monday first], "start": "09:00", "end": "18:00"}`` in the organization's time zone, empty
    for any time the channels allow. ``audience_rules`` are :class:`campaigns.services.audience_rules.AudienceRules` as JSON.
    ``attribution_days`` is for how long after a message an answer, a booking, a payment or the cost of the AI is put down to it;
    ``fees`` is what a delivered message costs at the official numbers, kept at the start: ``{channel: {variant: millionths of a real}}``.
    A campaign that ``repeats`` is the pattern of a series: it writes to nobody itself, each of its times is a campaign whose ``series``
    it is. ``stops_on`` are the :class:`StopReason` codes that end its sequence of steps for somebody. ``late_hours`` is how late a
    start that was missed may be made up for without asking: None as the organization says, 0 never.
    ``promise`` is what was planned at the start, as :mod:`campaigns.preflight.keeping` writes it; ``watched`` is what the watch over
    rising failures remembers (:mod:`campaigns.services.guard`); ``left_count`` are the people who asked not to receive after it.
    ``split`` says how people are divided among the variants; ``shares`` are the shares that hold now where they are not those
    of the weights: ``{variant: per mille}``.
    ``resumes_at`` is when one that rests goes on by itself, as far as is known: that :attr:`waits_for_plan` (:mod:`campaigns.services.plan`),
    or was moved to another day (:mod:`campaigns.overload.moving`).
    ``errors`` counts failures by code: ``{code: {"count", "text"}}``. ``sent_count`` includes what was later delivered or read.
    """

    name = models.CharField(_("name"), max_length=120)
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.DRAFT)
    start_at = models.DateTimeField(null=True)
    repeats = models.BooleanField(default=False, db_default=False)
    series = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="runs")
    late_hours = models.PositiveSmallIntegerField(null=True)
    sending_hours = models.JSONField(default=dict)
    priority = models.SmallIntegerField(default=0)
    created_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    business_context = models.TextField(blank=True)
    audience_rules = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    stops_on = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    attribution_days = models.PositiveSmallIntegerField(default=30, db_default=30)
    fees = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    split = models.CharField(max_length=8, choices=Split, default=Split.WEIGHTS, db_default="weights")
    shares = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    audience_built_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(default=0)
    sent_count = models.PositiveIntegerField(default=0)
    closed_deals = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=dict)
    pause_reason = models.CharField(max_length=300, blank=True)
    resumes_at = models.DateTimeField(null=True)
    wait_reason = models.JSONField(default=dict)
    promise = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    watched = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    left_count = models.PositiveIntegerField(default=0, db_default=0)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    channels = models.ManyToManyField(Channel, through="CampaignChannel", related_name="+")
    lists = models.ManyToManyField(ContactList, through="CampaignList", related_name="+")

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="campaign_org_id"),
            models.CheckConstraint(condition=models.Q(closed_deals__gte=0), name="campaign_deals_not_negative"),
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at", "-id"], name="campaign_newest"),
            models.Index(fields=["state", "start_at"], name="campaign_due"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def waits_for_plan(self) -> bool:
        """Whether it is paused for no other reason than that the plan's messages are used up."""
        return self.state == CampaignState.PAUSED and self.pause_reason.startswith(PLAN_PREFIX)


class Variant(OrganizationOwned):
    """One wording of a campaign's message, or of a further ``step`` of it; ``weight`` is its share, 0 for one that was replaced."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="variants")
    step = models.PositiveSmallIntegerField(default=1, db_default=1)
    label = models.CharField(max_length=4)
    body = models.TextField(_("message"))
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering: ClassVar[list[str]] = ["label"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="variant_org_id"),
            models.UniqueConstraint(fields=["campaign", "label"], name="variant_label_once"),
        ]

    def __str__(self) -> str:
        return self.label


class CampaignChannel(OrganizationOwned):
    """A number of a campaign. ``served_at`` is when it last took a turn here, which makes the turns of campaigns fair;
    ``took_over_at`` is since when a standby sends: in place of a dead number, or, with ``helps_since``, because it was called to
    help while there is more to send than fits."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="campaign_channels")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    served_at = models.DateTimeField(null=True)
    took_over_at = models.DateTimeField(null=True)
    helps_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "channel"], name="campaign_channel_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.channel_id}"


class CampaignList(OrganizationOwned):
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="campaign_lists")
    contact_list = models.ForeignKey(ContactList, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "contact_list"], name="campaign_list_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.contact_list_id}"
