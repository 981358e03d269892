from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrganizationOwned
from leads.models.lists import ContactList


class ImportState(models.TextChoices):
    DRAFT = "draft", _("waiting for the columns")
    QUEUED = "queued", _("in line")
    RUNNING = "running", _("importing")
    COMPLETED = "completed", _("done")
    FAILED = "failed", _("failed")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")


class Import(OrganizationOwned):
    """One uploaded file on its way into contacts.

    ``mapping`` is ``{column index as text: field}`` with fields name, phone, whatsapp_link, status, city, email, tags,
    ``attribute:<key>`` or ``""`` (left out). ``rows`` is the sum of the four counts once completed; ``next_row`` is where a
    killed worker goes on.
    """

    contact_list = models.ForeignKey(ContactList, null=True, on_delete=models.SET_NULL, related_name="imports")
    list_name = models.CharField(max_length=120)
    created_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    filename = models.CharField(max_length=200)
    stored_path = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.DRAFT)
    mapping = models.JSONField(default=dict)
    estimated_rows = models.PositiveIntegerField(default=0)
    next_row = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    invalid = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="import_org_id")]
        indexes = [models.Index(fields=["organization", "-created_at"], name="import_newest")]

    def __str__(self) -> str:
        return self.filename

    @property
    def percent(self) -> int:
        if self.state == ImportState.COMPLETED:
            return 100
        return min(99, self.next_row * 100 // self.estimated_rows) if self.estimated_rows else 0


class ImportIssue(OrganizationOwned):
    """A row that did not become a contact, with its reason and its cells as they came."""

    import_run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="issues")
    row_number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)
    reason = models.CharField(max_length=300)
    cells = models.JSONField(default=list)

    class Meta:
        verbose_name = _("import issue")
        verbose_name_plural = _("import issues")
        constraints = [models.UniqueConstraint(fields=["import_run", "row_number"], name="import_issue_once")]

    def __str__(self) -> str:
        return f"{self.row_number}: {self.reason}"
