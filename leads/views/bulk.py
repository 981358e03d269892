"""A bulk action at work: how far it is, what it changed, and the way back."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from leads.bulk import running
from leads.bulk.kinds import kind_of
from leads.models import BulkAction, BulkState


@require_safe
@member_required
def bulk_page(request: MemberRequest, bulk_id: UUID) -> HttpResponse:
    bulk = _get(bulk_id)
    counts = running.counts(bulk)
    is_undoing = bulk.state in ("undoing", "undone")
    done = counts["undone"] + counts["kept"] if is_undoing else bulk.total - counts["waiting"] - counts["stopped"]
    context = {
        "bulk": bulk,
        "kind": kind_of(bulk.kind),
        "section": kind_of(bulk.kind).back.partition(":")[0],
        "counts": counts,
        "done": done,
        "of": done + counts["changed"] if is_undoing else bulk.total,
        "at_work": bulk.state in running.AT_WORK,
        "can_stop": bulk.state == BulkState.RUNNING and request.membership.has_role(kind_of(bulk.kind).role),
        "can_undo": running.can_undo(bulk)
        and request.membership.has_role(kind_of(bulk.kind).role)
        and counts["changed"],
    }
    return render(request, "leads/bulk.html#progress" if request.htmx else "leads/bulk.html", context)


@require_POST
@role_required(Role.AGENT)
def bulk_undo(request: MemberRequest, bulk_id: UUID) -> HttpResponse:
    return _ask(request, bulk_id, running.undo, messages.ERROR)


@require_POST
@role_required(Role.AGENT)
def bulk_stop(request: MemberRequest, bulk_id: UUID) -> HttpResponse:
    # It may have ended by itself a moment before, which is no error.
    return _ask(request, bulk_id, running.stop, messages.INFO)


def _ask(request: MemberRequest, bulk_id: UUID, act: Callable[..., object], level: int) -> HttpResponse:
    """Act on a bulk action, and say why where that is refused."""
    bulk = _get(bulk_id)
    try:
        act(bulk, actor=request.membership)
    except running.BulkError as error:
        messages.add_message(request, level, error.message)
    return redirect("leads:bulk", bulk.pk)


def _get(bulk_id: UUID) -> BulkAction:
    found: BulkAction | None = BulkAction.objects.filter(pk=bulk_id).first()
    if found is None:
        raise Http404
    return found
