from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationOwned
from core.phones import format_national


class IdentityKind(models.TextChoices):
    PHONE = "phone", _("phone")
    WHATSAPP = "whatsapp", _("WhatsApp")
    LID = "lid", _("hidden WhatsApp id")
    BSUID = "bsuid", _("WhatsApp user id")
    TELEGRAM = "telegram", "Telegram"
    MESSENGER = "messenger", "Messenger"
    INSTAGRAM = "instagram", "Instagram"


class OptOutLevel(models.TextChoices):
    NONE = "", _("no")
    CAMPAIGNS = "campaigns", _("no campaigns")


class Contact(OrganizationOwned):
    """A person to sell to.

    ``phone`` is E.164 as known best; ``phone_key`` is equal for the forms with and without the Brazilian ninth digit
    and is what makes a contact unique. ``status`` 0 keeps a contact out of every campaign (the spreadsheet's status
    column). ``import_id`` names the import that created the row, which is what an undo removes, and ``last_import_id``
    the last one that wrote it: a later row of the same file that meets it is a duplicate. ``search`` is what the list
    of contacts is searched in, folded by :func:`core.text.fold`.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(_("name"), max_length=160, blank=True, default="", db_default="")
    phone = models.CharField(_("phone"), max_length=20, blank=True, default="", db_default="")
    phone_key = models.CharField(max_length=20, null=True)  # unique, and many have none
    email = models.CharField(_("e-mail"), max_length=254, blank=True, default="", db_default="")
    city = models.CharField(_("city"), max_length=120, blank=True, default="", db_default="")
    whatsapp_link = models.CharField(max_length=300, blank=True, default="", db_default="")
    status = models.SmallIntegerField(_("status"), default=1, db_default=1)
    attributes = models.JSONField(_("attributes"), default=dict, db_default=models.Value({}, models.JSONField()))
    tags = models.JSONField(_("tags"), default=list, db_default=models.Value([], models.JSONField()))
    search = models.TextField(blank=True, default="", db_default="")
    source = models.CharField(_("source"), max_length=40, blank=True, default="", db_default="")
    import_id = models.UUIDField(null=True)
    last_import_id = models.UUIDField(null=True)
    temperature = models.CharField(max_length=12, blank=True, default="", db_default="")
    score = models.PositiveSmallIntegerField(null=True)
    opted_out_at = models.DateTimeField(null=True)
    opt_out_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    anonymised_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    last_seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="contact_org_id"),
            models.UniqueConstraint(fields=["organization", "phone_key"], name="contact_phone_once"),
            models.CheckConstraint(condition=models.Q(status__in=[0, 1]), name="contact_status_0_or_1"),
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at", "-id"], name="contact_newest"),
            # Of those whom the SDR has marked alone: an import of a hundred thousand pays nothing for it.
            GinIndex(
                fields=["attributes"], name="contact_marked_by_sdr", opclasses=["jsonb_path_ops"],
                condition=models.Q(attributes__has_key="sdr_ia_status"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name or self.phone

    @property
    def display_name(self) -> str:
        """Return the name, else the phone as people write it."""
        return self.name or (format_national(self.phone) if self.phone else str(_("Unknown contact")))

    @property
    def is_opted_out(self) -> bool:
        return self.opted_out_at is not None


class ContactIdentity(OrganizationOwned):
    """A further address of a contact, unique in the organization.

    Another phone is kept by its :func:`core.phones.match_key`; WhatsApp's own ids as WhatsApp writes them.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=12, choices=IdentityKind)
    value = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [models.UniqueConstraint(fields=["organization", "kind", "value"], name="identity_once")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class TimelineEntry(OrganizationOwned):
    """Something that happened to a contact, told by the app in which it happened."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="timeline")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    dedupe_key = models.CharField(max_length=120, null=True)  # unique, and many have none

    class Meta:
        verbose_name = _("timeline entry")
        verbose_name_plural = _("timeline")
        constraints = [models.UniqueConstraint(fields=["organization", "dedupe_key"], name="timeline_once")]
        indexes = [models.Index(fields=["organization", "contact", "-at"], name="timeline_newest")]

    def __str__(self) -> str:
        return self.title
