"""The processes of an organization: what runs in the background over several outside services."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from accounts.services.audit import record_audit
from core.breaker import open_breakers
from core.errors import DomainError
from core.pagination import InvalidCursorError, Page, keyset_page
from reports.processes.story import chapters, pause_words, situation
from reports.processes.words import process_words, service_name
from sagas.models import ACTIVE, SagaExecution, SagaState
from sagas.orchestrator import orchestrator

PAGE = 25
MAX_SEARCH = 200


@require_safe
@role_required(Role.ADMIN)
def process_list(request: MemberRequest) -> HttpResponse:
    page = _page(request)
    context = {
        "items": [(one, process_words(one), pause_words(one)) for one in page.items],
        "next_cursor": page.next_cursor,
        "state": request.GET.get("estado", ""),
        "kind": request.GET.get("tipo", ""),
        "search": request.GET.get("q", "")[:MAX_SEARCH],
        "definitions": orchestrator.definitions(),
        "stuck": SagaExecution.objects.filter(needs_attention=True).count(),
        "resting": [
            (service_name(one.dependency), one.place, one.retry_at) for one in open_breakers(request.organization.pk)
        ],
    }
    return render(request, "processes/list.html#results" if request.htmx else "processes/list.html", context)


def _page(request: MemberRequest) -> Page[SagaExecution]:
    rows = SagaExecution.objects.all()
    match request.GET.get("estado"):
        case "andamento":
            rows = rows.filter(state__in=ACTIVE, needs_attention=False)
        case "atencao":
            rows = rows.filter(needs_attention=True)
        case "feitos":
            rows = rows.filter(state=SagaState.SUCCEEDED)
        case "desfeitos":
            rows = rows.filter(state=SagaState.FAILED)
    if (kind := request.GET.get("tipo")) and "\0" not in kind:
        rows = rows.filter(definition=kind)
    if search := request.GET.get("q", "").replace("\0", "").strip()[:MAX_SEARCH]:
        rows = rows.filter(saga_id__icontains=search)
    try:
        return keyset_page(rows, order="-id", cursor=request.GET.get("cursor"), size=PAGE)
    except InvalidCursorError:
        return keyset_page(rows, order="-id", cursor=None, size=PAGE)


@require_safe
@role_required(Role.ADMIN)
def process_page(request: MemberRequest, execution_id: UUID) -> HttpResponse:
    execution = _get(execution_id)
    template = "processes/process.html#story" if request.htmx else "processes/process.html"
    return render(request, template, _story(execution))


def _story(execution: SagaExecution) -> dict[str, Any]:
    return {
        "process": execution,
        "name": process_words(execution),
        "situation": situation(execution),
        "chapters": chapters(execution, list(execution.records.all())),
        "can_undo": orchestrator.can_undo(execution),
        "can_retry": orchestrator.can_retry(execution),
    }


@require_POST
@role_required(Role.ADMIN)
def process_undo(request: MemberRequest, execution_id: UUID) -> HttpResponse:
    execution = _get(execution_id)
    try:
        orchestrator.request_undo(execution.saga_id)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        record_audit("process.undone", actor=request.membership, target=execution.saga_id)
        messages.success(request, _("It is being undone, step by step."))
    return redirect("processes:process", execution.pk)


@require_POST
@role_required(Role.ADMIN)
def process_retry(request: MemberRequest, execution_id: UUID) -> HttpResponse:
    execution = _get(execution_id)
    try:
        orchestrator.request_retry(execution.saga_id)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        record_audit("process.retried", actor=request.membership, target=execution.saga_id)
        messages.success(request, _("It goes on from where it stopped."))
    return redirect("processes:process", execution.pk)


def _get(execution_id: UUID) -> SagaExecution:
    execution: SagaExecution | None = SagaExecution.objects.filter(pk=execution_id).first()
    if execution is None:
        raise Http404
    return execution
