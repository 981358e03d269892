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


BUSY = (ImportState.QUEUED, ImportState.RUNNING, ImportState.UNDOING)


class IssueKind(models.TextChoices):
    INVALID = "invalid", _("invalid")
    DUPLICATE = "duplicate", _("repeated")


class LegalBasis(models.TextChoices):
    """On what ground of the LGPD (art. 7) a business writes to the people of a file."""

    UNSAID = "", _("not said yet")
    CONSENT = "consent", _("consent: they agreed to receive messages")
    CONTRACT = "contract", _("contract: they are customers or asked for an offer")
    INTEREST = "interest", _("legitimate interest: they know the business")


class Import(OrganizationOwned):
    """One uploaded file on its way into contacts.

    ``mapping`` is ``{column index as text: field}`` with fields name, phone, whatsapp_link, status, city, email, tags,
    ``attribute:<key>`` or ``""`` (left out). ``sample`` holds ``[row number, cells]`` of the first rows while the
    columns are being chosen. ``rows`` is the sum of the four counts, always; ``next_row`` is the last row that was
    committed with them, after which a killed worker's successor goes on. ``attempts`` counts the workers that took the
    import without committing anything. ``removed`` and ``kept`` are what an undo did.
    """

    contact_list = models.ForeignKey(ContactList, null=True, on_delete=models.SET_NULL, related_name="imports")
    made_list = models.BooleanField(default=True)
    list_name = models.CharField(max_length=120)
    created_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    filename = models.CharField(max_length=200)
    stored_path = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.DRAFT)
    headers = models.JSONField(default=list)
    sample = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    legal_basis = models.CharField(max_length=10, choices=LegalBasis, blank=True, default="", db_default="")
    language = models.CharField(max_length=10, default="pt-br")
    estimated_rows = models.PositiveIntegerField(default=0)
    next_row = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    invalid = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="import_org_id")]
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="import_newest"),
            models.Index(fields=["lease_until"], condition=models.Q(state__in=BUSY), name="import_busy"),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def percent(self) -> int:
        if self.state == ImportState.COMPLETED:
            return 100
        return min(99, self.rows * 100 // self.estimated_rows) if self.estimated_rows else 0

    @property
    def is_busy(self) -> bool:
        return self.state in BUSY

    @property
    def can_undo(self) -> bool:
        """A failed import is undone too: what it committed before it failed is there."""
        return self.state in (ImportState.COMPLETED, ImportState.FAILED) and bool(self.rows)


class ImportIssue(OrganizationOwned):
    """A row that did not become a contact, with its reason and its cells as they came.

    ``phone_key`` says whose a repeated row is, so that erasing a person erases it too.
    """

    import_run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="issues", db_index=False)
    row_number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=IssueKind)
    phone_key = models.CharField(max_length=20, blank=True, default="", db_default="")
    reason = models.CharField(max_length=300)
    cells = models.JSONField(default=list)

    class Meta:
        verbose_name = _("import issue")
        verbose_name_plural = _("import issues")
        constraints = [models.UniqueConstraint(fields=["import_run", "row_number"], name="import_issue_once")]

    def __str__(self) -> str:
        return f"{self.row_number}: {self.reason}"
