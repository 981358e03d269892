from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.admin import LookOnly
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent, MissingSpan, PoolDrill, PoolIncident, Receipt
from gateways.services.drain import replay_receipt


class ReadOnlyAdmin(LookOnly, admin.ModelAdmin[Any]):
    """What changes a number goes through its services, on the pages of its owner."""


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    list_display = ("name", "organization", "provider", "phone", "state", "role", "sent_today", "last_ack_at")
    list_filter = ("provider", "state", "role")
    exclude = ("sealed_config", "hook_token", "qr", "lease_token")
    search_fields = ("name", "phone", "organization__name")
    list_select_related = ("organization",)


@admin.register(ChannelEvent)
class ChannelEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "channel", "organization", "kind", "detail")
    list_filter = ("kind",)
    list_select_related = ("channel", "organization")


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    list_display = ("id", "channel", "organization", "state", "attempts", "duplicates", "received_at", "note")
    list_filter = ("state",)
    list_select_related = ("channel", "organization")
    show_full_result_count = False
    exclude = ("body",)
    readonly_fields = ("as_text",)
    actions = ("replay",)

    @admin.display(description=_("as it came"))
    def as_text(self, receipt: Receipt) -> str:
        return receipt.as_text

    @admin.action(description=_("Read again"))
    def replay(self, request: HttpRequest, queryset: QuerySet[Receipt]) -> None:
        for receipt in queryset:
            with activate_organization(receipt.organization_id):
                replay_receipt(receipt)
        count = len(queryset)
        messages.success(
            request,
            ngettext("%(count)d receipt is read again.", "%(count)d receipts are read again.", count)
            % {"count": count},
        )


@admin.register(PoolIncident)
class PoolIncidentAdmin(ReadOnlyAdmin):
    """Numbers that went out of work; ``facts`` are counts, and hold nothing of what was written."""

    list_display = ("began_at", "organization", "channel", "kind", "reason", "replaced_by", "seconds", "ended_at")
    list_filter = ("kind", ("ended_at", admin.EmptyFieldListFilter), ("replaced_by", admin.EmptyFieldListFilter))
    search_fields = ("channel__name", "channel__phone", "organization__name", "reason")
    list_select_related = ("organization", "channel", "replaced_by")
    date_hierarchy = "began_at"
    ordering = ("-began_at",)

    @admin.display(description=_("seconds until replaced"))
    def seconds(self, incident: PoolIncident) -> float | None:
        return incident.seconds_to_replace


@admin.register(PoolDrill)
class PoolDrillAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at", "organization", "state", "seconds", "people", "duplicates", "missing", "asked_by", "finished_at",
    )  # fmt: skip
    list_filter = ("state",)
    search_fields = ("organization__name", "asked_by", "reason")
    list_select_related = ("organization",)
    date_hierarchy = "created_at"
    ordering = ("-created_at",)


@admin.register(MissingSpan)
class MissingSpanAdmin(ReadOnlyAdmin):
    """Spans in which messages may be missing."""

    list_display = ("since", "until", "organization", "channel", "reason", "recovered", "looked_at", "dismissed_at")
    list_filter = ("reason", ("until", admin.EmptyFieldListFilter), ("dismissed_at", admin.EmptyFieldListFilter))
    search_fields = ("channel__name", "channel__phone", "organization__name")
    list_select_related = ("organization", "channel")
    date_hierarchy = "since"
    ordering = ("-since",)
