from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.clock import now
from sagas.models import DeliveryState, OutboxDelivery


@admin.register(OutboxDelivery)
class OutboxDeliveryAdmin(admin.ModelAdmin[OutboxDelivery]):
    list_display = ("id", "event", "subscriber", "state", "attempts", "due_at", "error")
    list_filter = ("state", "subscriber")
    list_select_related = ("event",)
    show_full_result_count = False
    actions = ("try_again",)

    @admin.action(description="Try again")
    def try_again(self, request: HttpRequest, queryset: QuerySet[OutboxDelivery]) -> None:
        queryset.filter(state=DeliveryState.DEAD).update(
            state=DeliveryState.PENDING, attempts=0, due_at=now(), finished_at=None
        )
