from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent, Receipt
from gateways.services.drain import replay_receipt


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin[Channel]):
    list_display = ("name", "organization", "provider", "phone", "state", "role", "sent_today")
    list_filter = ("provider", "state", "role")
    exclude = ("sealed_config", "hook_token")
    search_fields = ("name", "phone", "organization__name")
    list_select_related = ("organization",)


@admin.register(ChannelEvent)
class ChannelEventAdmin(admin.ModelAdmin[ChannelEvent]):
    list_display = ("at", "channel", "kind", "detail")
    list_select_related = ("channel",)


@admin.register(Receipt)
class ReceiptAdmin(admin.ModelAdmin[Receipt]):
    list_display = ("id", "channel", "state", "duplicates", "received_at", "note")
    list_filter = ("state",)
    list_select_related = ("channel",)
    show_full_result_count = False
    actions = ("replay",)

    @admin.action(description="Replay")
    def replay(self, request: HttpRequest, queryset: QuerySet[Receipt]) -> None:
        for receipt in queryset:
            with activate_organization(receipt.organization_id):
                replay_receipt(receipt)
