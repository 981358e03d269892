from django.contrib import admin

from sdr.models import ModelCall, Qualification, Refusal, ReplyTurn


@admin.register(Qualification)
class QualificationAdmin(admin.ModelAdmin[Qualification]):
    list_display = ("contact", "organization", "status", "score", "temperature", "updated_at")
    list_filter = ("status", "temperature")
    list_select_related = ("contact", "organization")


@admin.register(Refusal)
class RefusalAdmin(admin.ModelAdmin[Refusal]):
    list_display = ("at", "organization", "model", "objections")
    list_select_related = ("organization",)


@admin.register(ReplyTurn)
class ReplyTurnAdmin(admin.ModelAdmin[ReplyTurn]):
    list_display = ("created_at", "conversation", "state", "attempts", "outcome")
    list_filter = ("state",)


@admin.register(ModelCall)
class ModelCallAdmin(admin.ModelAdmin[ModelCall]):
    list_display = (
        "at",
        "organization",
        "task",
        "provider",
        "model",
        "input_tokens",
        "output_tokens",
        "cost_micros",
        "latency_ms",
        "instead_of",
        "is_cached",
        "error",
    )
    list_filter = ("provider", "task", "instead_of")
    list_select_related = ("organization",)
