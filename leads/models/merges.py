from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrganizationOwned
from leads.models.contact import Contact


class ContactMerge(OrganizationOwned):
    """Two contacts that were one person, and what is needed to take them apart again.

    ``gone`` stays as an empty row that points to ``kept``. ``moved`` names the rows that changed hands, by model;
    ``before`` holds the values of both as they were; ``parts`` is what other apps noted (:mod:`leads.services.joining`).
    ``by`` None means that the product saw by itself that they are one: a message named both addresses.
    """

    kept = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="merges")
    gone = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    gone_name = models.CharField(max_length=160, blank=True)
    before = models.JSONField(default=dict)
    moved = models.JSONField(default=dict)
    parts = models.JSONField(default=dict)
    by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("merge of contacts")
        verbose_name_plural = _("merges of contacts")
        indexes = [models.Index(fields=["organization", "kept", "-at"], name="merge_newest")]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"
