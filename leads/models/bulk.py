from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrganizationOwned


class BulkState(models.TextChoices):
    RUNNING = "running", _("at work")
    DONE = "done", _("done")
    UNDOING = "undoing", _("undoing")
    UNDONE = "undone", _("undone")


class BulkAction(OrganizationOwned):
    """One thing done to everything that matched when it was asked for; ``kind`` is a code of :mod:`leads.bulk.kinds`.

    ``filters`` is the query of the address that it was asked from, for people to see.
    """

    kind = models.CharField(max_length=20)
    parameters = models.JSONField(default=dict)
    filters = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=8, choices=BulkState, default=BulkState.RUNNING)
    total = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    worked_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="bulk_action_org_id")]
        indexes = [
            models.Index(
                fields=["worked_at"], condition=models.Q(state__in=["running", "undoing"]), name="bulk_action_at_work"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.total}"


class ItemState(models.TextChoices):
    WAITING = "waiting", _("in line")
    CHANGED = "changed", _("changed")
    SAME = "same", _("already so")
    REFUSED = "refused", _("refused")
    UNDONE = "undone", _("undone")
    KEPT = "kept", _("changed since")
    STOPPED = "stopped", _("left as it was")


class BulkItem(OrganizationOwned):
    """One of the rows that matched; ``before`` is what its undoing needs to know."""

    bulk = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="items")
    object_id = models.UUIDField()
    state = models.CharField(max_length=8, choices=ItemState, default=ItemState.WAITING, db_default="waiting")
    before = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bulk", "object_id"], name="bulk_item_once")]
        indexes = [models.Index(fields=["bulk", "state", "object_id"], name="bulk_item_line")]

    def __str__(self) -> str:
        return f"{self.object_id}: {self.state}"
