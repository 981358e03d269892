from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationOwned
from leads.models.contact import Contact


class ListKind(models.TextChoices):
    UPLOADED = "uploaded", _("uploaded")
    EXTRACTED = "extracted", _("extracted")
    MANUAL = "manual", _("made by hand")


class ContactList(OrganizationOwned):
    """A named set of contacts, the usual audience of a campaign."""

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(max_length=10, choices=ListKind, default=ListKind.UPLOADED)
    created_at = models.DateTimeField(auto_now_add=True)
    size = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("list")
        verbose_name_plural = _("lists")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="list_org_id")]
        indexes = [models.Index(fields=["organization", "-created_at"], name="list_newest")]

    def __str__(self) -> str:
        return self.name


class ListMembership(OrganizationOwned):
    """A contact's place in a list, with the status of the list's own row and the import that put it there.

    Imports write these by the hundred thousand: the composite keys of the migration are the only foreign keys, they say
    all that the single ones would, and no index repeats another.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    contact_list = models.ForeignKey(
        ContactList, on_delete=models.CASCADE, related_name="memberships", db_constraint=False, db_index=False
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="list_memberships", db_constraint=False)
    status = models.SmallIntegerField(default=1, db_default=1)
    row_number = models.PositiveIntegerField(null=True)
    import_id = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("list member")
        verbose_name_plural = _("list members")
        constraints = [models.UniqueConstraint(fields=["contact_list", "contact"], name="list_member_once")]

    def __str__(self) -> str:
        return f"{self.contact_list_id}: {self.contact_id}"
