from typing import Any

from django.contrib import admin

from campaigns.models import Campaign, Recipient, Variant
from core.admin import LookOnly


class ReadOnlyAdmin(LookOnly, admin.ModelAdmin[Any]):
    """What changes a campaign goes through its services, on the pages of its owner."""

    show_full_result_count = False


class VariantInline(LookOnly, admin.TabularInline[Variant, Campaign]):
    model = Variant
    fields = ["label", "weight", "body"]
    extra = 0


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ("name", "organization", "state", "total", "sent_count", "pause_reason", "created_at", "started_at")
    list_filter = ("state",)
    list_select_related = ("organization",)
    search_fields = ("name", "organization__name")
    date_hierarchy = "created_at"
    inlines = (VariantInline,)


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin):
    """To find what became of one message."""

    list_display = ("phone", "campaign", "state", "error_code", "attempts", "external_id", "sent_at")
    list_filter = ("state",)
    list_select_related = ("campaign",)
    search_fields = ("=phone", "=external_id")
