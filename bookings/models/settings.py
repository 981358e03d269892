from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


class OwnerNotice(models.TextChoices):
    NONE = "none", _("do not tell")
    WHATSAPP = "whatsapp", _("by WhatsApp")
    TELEGRAM = "telegram", _("by Telegram")


class BookingSettings(OrganizationOwned):
    """How a business takes bookings; one row per organization. ``slug`` names its public page."""

    slug = models.SlugField(_("address of the page"), max_length=50, unique=True)
    is_public = models.BooleanField(_("customers book by themselves"), default=False)
    welcome = models.CharField(_("words of welcome"), max_length=300, blank=True)
    address = models.CharField(_("where"), max_length=200, blank=True)
    state_code = models.CharField(_("state of the holidays"), max_length=2, blank=True)
    closes_on_holidays = models.BooleanField(_("closes on holidays"), default=True)
    closes_on_optional = models.BooleanField(_("closes on optional days, such as Carnival"), default=False)
    slot_step_minutes = models.PositiveSmallIntegerField(
        _("a slot every, in minutes"), default=30, validators=[MinValueValidator(5), MaxValueValidator(240)]
    )
    min_notice_minutes = models.PositiveIntegerField(
        _("minimum notice in minutes"), default=120, validators=[MaxValueValidator(60 * 24 * 30)]
    )
    horizon_days = models.PositiveSmallIntegerField(
        _("days ahead"), default=60, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    hold_minutes = models.PositiveIntegerField(
        _("minutes a held slot waits"),
        default=24 * 60,
        validators=[MinValueValidator(5), MaxValueValidator(60 * 24 * 7)],
    )
    reminds_day_before = models.BooleanField(_("reminder 24 h before"), default=True)
    reminds_hour_before = models.BooleanField(_("reminder 1 h before"), default=True)
    owner_notice = models.CharField(_("tell the business"), max_length=8, choices=OwnerNotice, default=OwnerNotice.NONE)
    owner_phone = models.CharField(_("WhatsApp of the business"), max_length=20, blank=True)
    telegram_chat_id = models.CharField(_("Telegram chat id"), max_length=40, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("booking settings")
        verbose_name_plural = _("booking settings")
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="booking_settings_once"),
            models.CheckConstraint(condition=Q(slot_step_minutes__gte=5), name="booking_settings_step"),
        ]

    def __str__(self) -> str:
        return self.slug
