from django.db import models
from django.utils.translation import pgettext_lazy

from accounts.models import OrganizationOwned


class SentMark(OrganizationOwned):
    """A message that is about to leave to where it cannot be taken back: written before it goes, settled after.

    Whoever finds an unsettled mark knows that somebody died in between, and that it may have arrived.
    """

    key = models.CharField(max_length=200)
    reference = models.CharField(max_length=200, blank=True)
    begun_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = pgettext_lazy("booking", "sent message")
        verbose_name_plural = pgettext_lazy("booking", "sent messages")
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="sent_mark_once")]

    def __str__(self) -> str:
        return self.key
