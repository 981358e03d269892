from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


class PromptState(models.TextChoices):
    DRAFT = "draft", _("draft")
    ACTIVE = "active", _("in use")
    RETIRED = "retired", _("retired")


class Prompt(OrganizationOwned):
    """One version of how the SDR is told to talk. A version is never changed: a change is a new version.

    ``segment`` is the value of the contact's attribute "segmento" that it is for, folded; empty for everybody else. ``share`` is the
    percentage of the segment's new leads that get it; those of the versions in use add up to 100.
    """

    number = models.PositiveIntegerField()
    segment = models.CharField(_("segment"), max_length=60, blank=True)
    instructions = models.TextField(_("instructions"), blank=True)
    opening = models.CharField(_("first words"), max_length=300, blank=True)
    note = models.CharField(_("what is new"), max_length=200, blank=True)
    state = models.CharField(max_length=7, choices=PromptState, default=PromptState.DRAFT)
    share = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("version of the prompt")
        verbose_name_plural = _("versions of the prompt")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="prompt_org_id"),
            models.UniqueConstraint(fields=["organization", "number"], name="prompt_number_once"),
            models.CheckConstraint(condition=Q(share__lte=100), name="prompt_share"),
            models.CheckConstraint(condition=Q(state="active", share__gt=0) | Q(share=0), name="prompt_share_in_use"),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"
