"""The journal of sagas: one row that says where a saga is, and one row per step and direction."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ids import uuid7
from core.tenancy import TenantManager


class SagaState(models.TextChoices):
    PENDING = "pending", pgettext_lazy("process", "about to start")
    IN_PROGRESS = "in_progress", pgettext_lazy("process", "in progress")
    COMPENSATING = "compensating", pgettext_lazy("process", "being undone")
    SUCCEEDED = "succeeded", pgettext_lazy("process", "done")
    FAILED = "failed", pgettext_lazy("process", "not done")


ACTIVE = (SagaState.PENDING, SagaState.IN_PROGRESS, SagaState.COMPENSATING)
ENDED = (SagaState.SUCCEEDED, SagaState.FAILED)


class StepKind(models.TextChoices):
    DO = "do", pgettext_lazy("step of a process", "step")
    UNDO = "undo", pgettext_lazy("step of a process", "undoing")


class StepState(models.TextChoices):
    RETRYING = "retrying", pgettext_lazy("step of a process", "trying again")
    DONE = "done", pgettext_lazy("step of a process", "done")
    FAILED = "failed", pgettext_lazy("step of a process", "refused")
    UNKNOWN = "unknown", pgettext_lazy("step of a process", "without an answer")
    SKIPPED = "skipped", pgettext_lazy("step of a process", "nothing to undo")
    STUCK = "stuck", pgettext_lazy("step of a process", "needs attention")


class SagaExecution(models.Model):
    """Where one saga is. Only :mod:`sagas.journal` changes it, and only for the driver whose ``fence`` is the row's.

    ``position`` is the step being done or undone, ``attempt`` how often it was tried, ``is_doubtful`` whether one of
    these attempts may have had an effect. ``round`` counts the runs of a saga that was undone and is tried again.
    ``wake_at`` is when it is to be driven next; None when nothing is left to do without a person.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    saga_id = models.CharField(pgettext_lazy("process", "number"), max_length=200)
    definition = models.CharField(pgettext_lazy("process", "process"), max_length=100)
    step_names = models.JSONField()
    context = models.JSONField()
    state = models.CharField(
        pgettext_lazy("process", "state"), max_length=12, choices=SagaState, default=SagaState.PENDING
    )
    round = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    is_doubtful = models.BooleanField(default=False)
    interruptions = models.PositiveSmallIntegerField(default=0)
    steps_completed = models.JSONField(default=list)
    failed_step = models.CharField(max_length=100, blank=True, default="")
    error = models.TextField(blank=True, default="")
    compensation_performed = models.BooleanField(default=False)
    undo_requested = models.BooleanField(default=False)
    needs_attention = models.BooleanField(_("needs attention"), default=False)
    stuck_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    wait_reason = models.TextField(blank=True, default="")
    fence = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(pgettext_lazy("process", "started"))
    step_started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(pgettext_lazy("process", "ended"), null=True)

    objects: ClassVar[Any] = TenantManager()
    unscoped: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        verbose_name = _("process")
        verbose_name_plural = _("processes")
        base_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "saga_id"], name="one_saga_per_id"),
            models.UniqueConstraint(fields=["organization_id", "id"], name="saga_of_organization"),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=ENDED, completed_at__isnull=False, wake_at__isnull=True, lease_until__isnull=True
                )
                | models.Q(state__in=ACTIVE, completed_at__isnull=True),
                name="saga_ended_means_ended",
            ),
            models.CheckConstraint(
                condition=models.Q(needs_attention=False) | models.Q(stuck_at__isnull=False), name="saga_stuck_since"
            ),
        ]
        indexes = [
            models.Index(fields=["wake_at"], condition=models.Q(wake_at__isnull=False), name="saga_due"),
            models.Index(fields=["organization_id", "id"], condition=models.Q(needs_attention=True), name="saga_stuck"),
        ]

    def __str__(self) -> str:
        return self.saga_id

    @property
    def is_finished(self) -> bool:
        """Say whether nothing more will happen by itself or by a person's retry of an undo."""
        return self.state in ENDED

    def results(self) -> dict[str, dict[str, Any]]:
        """Return what the completed steps of the latest round answered, by name and in order."""
        done = self.records.filter(round=self.round, kind=StepKind.DO, state=StepState.DONE).order_by("position")
        return {record.name: record.result for record in done}


class SagaStepRecord(models.Model):
    """How one step was done or undone: the stored outcome that a replay answers with."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    # The key together with the organization and the unique outcome check and index it; twice would cost every step.
    execution = models.ForeignKey(
        SagaExecution, on_delete=models.CASCADE, related_name="records", db_constraint=False, db_index=False
    )
    round = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=4, choices=StepKind)
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=8, choices=StepState)
    attempts = models.PositiveSmallIntegerField(default=0)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField()

    objects: ClassVar[Any] = TenantManager()
    unscoped: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        verbose_name = _("step of a process")
        verbose_name_plural = _("steps of processes")
        base_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(fields=["execution", "round", "position", "kind"], name="one_outcome_per_step"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"
