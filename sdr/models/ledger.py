from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


class ModelCall(OrganizationOwned):
    """One call of a model and what it cost; the local engine costs nothing but is counted too.

    ``instead_of`` names the provider that should have answered; ``is_cached`` is an answer that had been paid for before.
    """

    task = models.CharField(max_length=20)
    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=80, blank=True)
    prompt_version = models.CharField(max_length=20, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost_micros = models.PositiveBigIntegerField(default=0, help_text="millionths of a real")
    instead_of = models.CharField(max_length=20, blank=True, default="", db_default="")
    is_cached = models.BooleanField(default=False, db_default=False)
    latency_ms = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    conversation_ref = models.UUIDField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("model call")
        verbose_name_plural = _("model calls")
        indexes = [
            models.Index(fields=["organization", "-at"], name="model_call_newest"),
            models.Index(
                fields=["conversation_ref"], condition=models.Q(conversation_ref__isnull=False), name="model_call_talk"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.task}"
