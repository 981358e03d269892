"""Bulk actions from the click to the undoing, in portions that are each one transaction.

What matches is written down when it is asked for, in one statement. A portion is locked, done and marked together, so that a
worker that dies in the middle leaves it waiting, and two workers take different ones.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.errors import DomainError
from core.jobs import job
from core.live import signal
from core.tenancy import across_organizations, current_organization_id
from leads.bulk.kinds import Kind, kind_of
from leads.models import BulkAction, BulkItem, BulkState, ItemState

PORTION = 500
UNDO_WITHIN = timedelta(hours=24)
STALLED = timedelta(seconds=20)
AT_WORK = (BulkState.RUNNING, BulkState.UNDOING)

_MATCHED = """
INSERT INTO leads_bulkitem (id, organization_id, bulk_id, object_id, state)
SELECT gen_random_uuid(), %s, %s, matched.id, 'waiting' FROM ({}) AS matched(id)
"""


class BulkError(DomainError):
    """The bulk action cannot be begun or undone."""


def begin(
    kind: Kind, rows: "QuerySet[Any]", *, parameters: Mapping[str, Any], filters: str, actor: Membership
) -> BulkAction:
    """Write down which rows are meant, and let a job begin; raises :class:`BulkError` for none or a role that may not."""
    _check_role(kind, actor)
    with transaction.atomic():
        bulk: BulkAction = BulkAction.objects.create(
            kind=kind.code, parameters=dict(parameters), filters=filters[:500], created_by=actor
        )
        sql, values = rows.order_by().values_list("pk").distinct().query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(_MATCHED.format(sql), [current_organization_id(), bulk.pk, *values])
            bulk.total = cursor.rowcount
        if not bulk.total:
            raise BulkError(_("Nobody matches any more."), code="empty")
        bulk.save(update_fields=["total"])
        record_audit("bulk.begun", actor=actor, target=kind.code, data={"count": bulk.total, "filters": bulk.filters})
        _ring(bulk)
    return bulk


def undo(bulk: BulkAction, *, actor: Membership) -> None:
    """Take back what was changed, as far as nobody changed it since."""
    kind = kind_of(bulk.kind)
    _check_role(kind, actor)
    with transaction.atomic():
        locked: BulkAction = BulkAction.objects.select_for_update().get(pk=bulk.pk)
        if not can_undo(locked):
            raise BulkError(_("This can be undone once, within a day."), code="too_late")
        locked.state, locked.finished_at = BulkState.UNDOING, None
        locked.save(update_fields=["state", "finished_at"])
        record_audit("bulk.undone", actor=actor, target=kind.code, data={"bulk": str(locked.pk)})
        _ring(locked)


def stop(bulk: BulkAction, *, actor: Membership) -> None:
    """Leave what still waits as it is; a portion that is being done comes to its end. What was changed can be undone."""
    kind = kind_of(bulk.kind)
    _check_role(kind, actor)
    with transaction.atomic():
        waiting = BulkItem.objects.filter(bulk=bulk, state=ItemState.WAITING)
        stopped = BulkAction.objects.filter(pk=bulk.pk, state=BulkState.RUNNING)
        if not stopped.exists():
            raise BulkError(_("It has come to its end already."), code="over")
        count = waiting.update(state=ItemState.STOPPED)
        stopped.update(state=BulkState.DONE, finished_at=now())
        record_audit("bulk.stopped", actor=actor, target=kind.code, data={"bulk": str(bulk.pk), "count": count})
        _tell(bulk)


def can_undo(bulk: BulkAction) -> bool:
    return bulk.state == BulkState.DONE and bulk.finished_at is not None and bulk.finished_at > now() - UNDO_WITHIN


def counts(bulk: BulkAction) -> dict[str, int]:
    """Return how many of the rows are in each state."""
    rows = BulkItem.objects.filter(bulk=bulk).order_by().values_list("state").annotate(count=Count("pk"))
    return dict.fromkeys(ItemState.values, 0) | dict(rows)


@job("bulk", timeout_seconds=900)
def run_bulk(*, organization_id: str, bulk_id: str) -> None:
    """Work on a bulk action until nothing of it waits."""
    while _portion(UUID(bulk_id)):
        pass


@job("bulk")
def resume_stalled_bulks() -> None:
    """Ring again for bulk actions whose bell or worker was lost."""
    with across_organizations():
        stalled = list(BulkAction.objects.filter(state__in=AT_WORK, worked_at__lt=now() - STALLED).order_by("pk")[:100])
    for bulk in stalled:
        _ring(bulk)


@transaction.atomic
def _portion(bulk_id: UUID) -> bool:
    """Do the next rows; return whether there were any."""
    bulk: BulkAction | None = BulkAction.objects.filter(pk=bulk_id, state__in=AT_WORK).first()
    if bulk is None:
        return False
    undoing = bulk.state == BulkState.UNDOING
    waits = ItemState.CHANGED if undoing else ItemState.WAITING
    line = BulkItem.objects.filter(bulk=bulk, state=waits).order_by("object_id").select_for_update(skip_locked=True)
    items = {item.object_id: item for item in line[:PORTION]}
    if not items:
        _finish(bulk, waits, BulkState.UNDONE if undoing else BulkState.DONE)
        return False
    _mark(items, *(_undone(bulk, items) if undoing else _done(bulk, items)))
    BulkAction.objects.filter(pk=bulk.pk).update(worked_at=now())
    _tell(bulk)
    return True


def _done(bulk: BulkAction, items: Mapping[UUID, BulkItem]) -> tuple[dict[UUID, Any], set[UUID], str, str]:
    outcome = kind_of(bulk.kind).apply(list(items), bulk.parameters, bulk.created_by)
    return outcome.changed, outcome.refused, ItemState.CHANGED, ItemState.SAME


def _undone(bulk: BulkAction, items: Mapping[UUID, BulkItem]) -> tuple[dict[UUID, Any], set[UUID], str, str]:
    befores = {pk: item.before for pk, item in items.items()}
    undone = kind_of(bulk.kind).undo(befores, bulk.parameters, bulk.created_by)
    return {pk: befores[pk] for pk in undone}, set(), ItemState.UNDONE, ItemState.KEPT


def _mark(items: Mapping[UUID, BulkItem], changed: Mapping[UUID, Any], refused: set[UUID], yes: str, no: str) -> None:
    for pk, item in items.items():
        item.state = yes if pk in changed else ItemState.REFUSED if pk in refused else no
        item.before = changed.get(pk)
    BulkItem.objects.bulk_update(items.values(), ["state", "before"])


def _finish(bulk: BulkAction, waits: str, state: str) -> None:
    # Another worker's portion still counts as waiting until it is committed: whoever comes last finishes.
    if BulkItem.objects.filter(bulk=bulk, state=waits).exists():
        return
    BulkAction.objects.filter(pk=bulk.pk, state=bulk.state).update(state=state, finished_at=now())
    _tell(bulk)


def _check_role(kind: Kind, actor: Membership) -> None:
    if not actor.has_role(kind.role):
        raise BulkError(_("Your role may not do this."), code="role")


def _ring(bulk: BulkAction) -> None:
    run_bulk.enqueue(coalesce_key=str(bulk.pk), organization_id=str(bulk.organization_id), bulk_id=str(bulk.pk))


def _tell(bulk: BulkAction) -> None:
    signal(bulk.organization_id, f"bulk:{bulk.pk}")
