from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrganizationOwned
from sdr.models.qualification import Qualification


class Verdict(OrganizationOwned):
    """A seller's word on a lead: was it hot? The newest word counts."""

    qualification = models.OneToOneField(Qualification, on_delete=models.CASCADE, related_name="verdict")
    was_hot = models.BooleanField()
    by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("word of a seller")
        verbose_name_plural = _("words of sellers")

    def __str__(self) -> str:
        return f"{self.qualification_id}: {self.was_hot}"


class CalibrationState(models.TextChoices):
    REFUSED = "refused", _("not better")
    PROPOSED = "proposed", _("waits for you")
    APPLIED = "applied", _("in use")
    DISMISSED = "dismissed", _("set aside")
    ROLLED_BACK = "rolled_back", _("taken back")


class Calibration(OrganizationOwned):
    """A proposal of weights: what was in use, what would be, and how both judge leads that the fit has not seen.

    ``before`` and ``after`` are ``{"precision", "recall", "f1"}`` in percent; ``reason`` of a refusal is few, one_sided or not_better.
    """

    state = models.CharField(max_length=11, choices=CalibrationState)
    reason = models.CharField(max_length=12, blank=True)
    old_rubric = models.JSONField(default=dict)
    new_rubric = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    fitted = models.PositiveIntegerField(default=0)
    judged = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("calibration of the score")
        verbose_name_plural = _("calibrations of the score")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="calibration_org_id"),
            models.UniqueConstraint(
                fields=["organization"], condition=models.Q(state="proposed"), name="calibration_one_waits"
            ),
        ]
        indexes = [models.Index(fields=["organization", "-created_at"], name="calibration_newest")]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d} {self.state}"
