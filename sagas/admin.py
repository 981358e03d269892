import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from core.admin import LookOnly
from core.clock import now
from core.tenancy import activate_organization
from sagas.errors import SagaNotRetryableError
from sagas.models import DeliveryState, OutboxDelivery, SagaExecution, SagaStepRecord
from sagas.orchestrator import orchestrator
from sagas.payloads import redacted


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


class SagaStepRecordInline(LookOnly, admin.TabularInline[SagaStepRecord, SagaExecution]):
    model = SagaStepRecord
    extra = 0
    fields = ("round", "position", "kind", "name", "state", "attempts", "answer", "error", "started_at", "finished_at")
    readonly_fields = fields
    ordering = ("round", "finished_at", "pk")

    @admin.display(description=pgettext_lazy("step of a process", "answer"))
    def answer(self, record: SagaStepRecord) -> SafeString:
        return _shown(record.result)


@admin.register(SagaExecution)
class SagaExecutionAdmin(LookOnly, admin.ModelAdmin[SagaExecution]):
    list_display = (
        "saga_id", "definition", "organization_id", "state", "needs_attention", "failed_step", "wake_at", "created_at",
    )  # fmt: skip
    list_filter = ("state", "needs_attention", "definition")
    search_fields = ("saga_id", "organization_id")
    ordering = ("-id",)
    show_full_result_count = False
    exclude = ("context",)
    readonly_fields = ("facts",)
    inlines = (SagaStepRecordInline,)
    actions = ("try_again",)

    @admin.display(description=pgettext_lazy("process", "context"))
    def facts(self, execution: SagaExecution) -> SafeString:
        return _shown(execution.context)

    @admin.action(description=_("Try again what is stuck or failed"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[SagaExecution]) -> None:
        count = sum(_tried_again(execution) for execution in queryset)
        words = ngettext("%(count)d process goes on.", "%(count)d processes go on.", count)
        self.message_user(request, words % {"count": count}, messages.SUCCESS if count else messages.WARNING)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        # The rows are read-only, but whoever may see them may let them go on.
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}


def _tried_again(execution: SagaExecution) -> bool:
    with activate_organization(execution.organization_id):
        try:
            orchestrator.request_retry(execution.saga_id)
        except SagaNotRetryableError:
            return False
    return True


def _shown(payload: dict[str, Any]) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(redacted(payload), indent=1, ensure_ascii=False))
