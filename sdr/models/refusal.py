from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from conversations.models import Conversation


class Refusal(OrganizationOwned):
    """An answer that a model wanted to give and the policy held back.

    ``objections`` is ``[{"code", "words"}]``, see :mod:`sdr.policy.claims`; ``sent`` is what the customer got in its place.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=80, blank=True)
    objections = models.JSONField(default=list)
    wanted = models.TextField()
    sent = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("answer held back")
        verbose_name_plural = _("answers held back")
        indexes = [models.Index(fields=["organization", "-at"], name="refusal_newest")]

    def __str__(self) -> str:
        return self.wanted[:60]
