import secrets
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from core.crypto import decrypt_for, encrypt_for


class ChannelState(models.TextChoices):
    CONNECTING = "connecting", _("connecting")
    QR_REQUIRED = "qr_required", _("waiting for the QR code")
    CONNECTED = "connected", _("connected")
    DISCONNECTED = "disconnected", _("disconnected")
    RESTRICTED = "restricted", _("restricted")
    PAUSED = "paused", _("paused")


class ChannelRole(models.TextChoices):
    ACTIVE = "active", _("active")
    WARMING = "warming", _("warming up")
    STANDBY = "standby", _("standby")
    RETIRED = "retired", _("retired")


# Whoever has one of these parts sends campaigns; the others wait until they are needed.
SENDING_ROLES = (ChannelRole.ACTIVE, ChannelRole.WARMING)


def new_hook_token() -> str:
    """Return an unguessable path segment for a channel's webhook address."""
    return secrets.token_urlsafe(24)


class Channel(OrganizationOwned):
    """A connected number or account, with its pace.

    Pace columns are None where the safe default of :mod:`gateways.pacing` holds; equal quiet times mean that there are
    no quiet hours. ``connected_at`` is the first connection, from which the number's age counts. ``lease_*`` say which
    sender drives the channel now; times come from the database clock. What the number's health is judged by
    (:mod:`gateways.services.health`): ``unacked_sends`` counts sends since the provider last confirmed one,
    ``failed_streak`` messages refused in a row, ``failed_checks`` heartbeats without a connection. ``message_limit`` is
    how many people the business of an official number, its ``portfolio``, may write to in 24 hours, as its provider
    says: 0 is no limit, None not known.
    ``compared_at`` is up to when what arrived was compared with the provider's own history.
    A *warming* number sends a little each day so that it is ready; a *standby* keeps silent until it is needed.
    ``stands_in_for`` is the number whose place it has taken, ``role_since`` when it got its role, ``careful_until`` until
    when it is brought back slowly after a restriction. ``hour_shape`` are percentages by the 168 hours of the week of
    UTC, Monday first, that stretch the gaps in hours in which few people answer. ``crowd_percent`` stretches them while there
    is more to send than fits, None while there is not.
    """

    provider = models.CharField(_("provider"), max_length=20)
    name = models.CharField(_("name"), max_length=80)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    state = models.CharField(_("state"), max_length=15, choices=ChannelState, default=ChannelState.CONNECTING)
    state_reason = models.CharField(max_length=300, blank=True)
    state_at = models.DateTimeField(null=True)
    role = models.CharField(_("role"), max_length=10, choices=ChannelRole, default=ChannelRole.ACTIVE)
    hook_token = models.CharField(max_length=64, unique=True, default=new_hook_token)
    sealed_config = models.TextField(blank=True)
    min_gap_ms = models.PositiveIntegerField(null=True)
    max_gap_ms = models.PositiveIntegerField(null=True)
    daily_limit = models.PositiveIntegerField(null=True)
    warm_up = models.BooleanField(default=True)
    quiet_start = models.TimeField(null=True)
    quiet_end = models.TimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    connected_at = models.DateTimeField(null=True)
    restricted_until = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=300, blank=True)
    next_send_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    compared_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    sent_on = models.DateField(null=True)
    sent_today = models.PositiveIntegerField(default=0)
    warning = models.CharField(max_length=300, blank=True)
    qr = models.TextField(blank=True)
    qr_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    failed_checks = models.PositiveSmallIntegerField(default=0)
    last_ack_at = models.DateTimeField(null=True)
    unacked_sends = models.PositiveIntegerField(default=0)
    silent_since = models.DateTimeField(null=True)
    refused_hook_at = models.DateTimeField(null=True)
    failed_streak = models.PositiveIntegerField(default=0)
    pairing_code = models.CharField(max_length=20, blank=True, default="", db_default="")
    message_limit = models.PositiveIntegerField(null=True)
    quality = models.CharField(max_length=10, blank=True, default="", db_default="")
    portfolio = models.ForeignKey("gateways.Portfolio", on_delete=models.SET_NULL, null=True, related_name="channels")
    on_second_server_since = models.DateTimeField(null=True)
    stands_in_for = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    role_since = models.DateTimeField(auto_now_add=True, null=True)
    careful_until = models.DateTimeField(null=True)
    hour_shape = models.JSONField(null=True)
    crowd_percent = models.PositiveSmallIntegerField(null=True)
    carrier = models.CharField(_("carrier"), max_length=40, blank=True, default="", db_default="")
    tariff = models.CharField(_("plan"), max_length=60, blank=True, default="", db_default="")
    monthly_cost_cents = models.PositiveIntegerField(null=True)
    acquired_on = models.DateField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering: ClassVar[list[str]] = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="channel_org_id"),
            models.CheckConstraint(
                condition=Q(min_gap_ms=None) | Q(max_gap_ms=None) | Q(min_gap_ms__lte=F("max_gap_ms")),
                name="channel_gaps_in_order",
            ),
        ]
        indexes = [models.Index(fields=["next_check_at"], condition=Q(removed_at=None), name="channel_check_due")]

    def __str__(self) -> str:
        return self.name

    @property
    def icon(self) -> str:
        """The drawing of the network that it speaks through."""
        others = {"telegram": "telegram", "instagram": "instagram", "messenger": "chat", "simulator": "bot"}
        return others.get(self.provider, "whatsapp")

    @property
    def config(self) -> dict[str, Any]:
        """The provider's settings, decrypted; keys as in the provider's config model."""
        return decrypt_for(self.organization_id, self.sealed_config) if self.sealed_config else {}

    @config.setter
    def config(self, value: dict[str, Any]) -> None:
        self.sealed_config = encrypt_for(self.organization_id, value)


class ChannelEvent(OrganizationOwned):
    """A change in the life of a channel: connected, restricted, replaced by a standby, slowed down."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40)
    detail = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("channel event")
        verbose_name_plural = _("channel events")
        indexes = [
            models.Index(fields=["organization", "channel", "-at"], name="channel_event_newest"),
            models.Index(fields=["organization", "-at"], condition=Q(kind="alert"), name="channel_alert_newest"),
        ]

    def __str__(self) -> str:
        return self.kind


class NumberCheck(OrganizationOwned):
    """What the provider said of a phone: its chat id, or that it has no account."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    phone = models.CharField(max_length=20)
    chat_id = models.CharField(max_length=80, blank=True)
    exists = models.BooleanField()
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "channel", "phone"], name="number_check_once")]

    def __str__(self) -> str:
        return self.phone
