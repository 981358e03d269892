from django.contrib import admin

from billing.models import Plan, Subscription


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin[Plan]):
    list_display = (
        "name",
        "code",
        "price_cents",
        "monthly_messages",
        "daily_messages",
        "seats",
        "channels",
        "is_public",
    )


@admin.register(Subscription)
class SubscriptionAdmin(admin.ModelAdmin[Subscription]):
    list_display = ("organization", "plan", "trial_ends_at", "started_at")
    list_filter = ("plan",)
    list_select_related = ("organization", "plan")
    search_fields = ("organization__name",)
    autocomplete_fields = ("organization",)
