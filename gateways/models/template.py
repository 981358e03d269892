from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import OrganizationOwned
from gateways.models.channel import Channel


class TemplateStatus(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("template", "draft")
    PENDING = "pending", pgettext_lazy("template", "in review")
    APPROVED = "approved", pgettext_lazy("template", "approved")
    REJECTED = "rejected", pgettext_lazy("template", "rejected")
    PAUSED = "paused", pgettext_lazy("template", "paused")
    DISABLED = "disabled", pgettext_lazy("template", "disabled")
    DELETED = "deleted", pgettext_lazy("template", "deleted at Meta")


class TemplateCategory(models.TextChoices):
    UTILITY = "UTILITY", _("utility: about something that the person asked for")
    MARKETING = "MARKETING", _("marketing: offers, news, invitations")
    AUTHENTICATION = "AUTHENTICATION", _("authentication: codes")


REASONS = {
    "ABUSIVE_CONTENT": _("Meta found the text offensive."),
    "INCORRECT_CATEGORY": _("The category does not fit the text: what offers or invites is marketing."),
    "INVALID_FORMAT": _("Something is written in the wrong form, for example a place without an example."),
    "PROMOTIONAL": _("The text is advertising and must have the category marketing."),
    "SCAM": _("Meta found that the text looks like a fraud."),
    "TAG_CONTENT_MISMATCH": _("The text does not fit its category or its language."),
    "CATEGORY_NOT_AVAILABLE": _("Your account may not use this category."),
}


class MessageTemplate(OrganizationOwned):
    """An official text of a number's account, as its owner wrote it or as Meta has it.

    The texts hold ``{{1}}``, ``{{2}}``…; ``examples`` are one text for each of the body, ``buttons`` are Meta's own objects.
    ``has_media`` marks a header with a file, which only Meta's panel can give it. ``edited_at`` is the last change here.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="templates")
    name = models.CharField(_("name"), max_length=512)
    language = models.CharField(_("language"), max_length=20, default="pt_BR")
    category = models.CharField(
        _("category"), max_length=20, choices=TemplateCategory, default=TemplateCategory.UTILITY
    )
    header = models.CharField(_("header"), max_length=60, blank=True)
    body = models.TextField(_("text"))
    footer = models.CharField(_("footer"), max_length=60, blank=True)
    buttons = models.JSONField(default=list)
    examples = models.JSONField(default=list)
    has_media = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=TemplateStatus, default=TemplateStatus.DRAFT)
    provider_status = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    quality = models.CharField(max_length=10, blank=True)
    external_id = models.CharField(max_length=40, blank=True)
    submitted_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering: ClassVar[list[str]] = ["name", "language"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="template_org_id"),
            models.UniqueConstraint(fields=["channel", "name", "language"], name="template_name_once"),
        ]
        indexes = [models.Index(fields=["channel", "external_id"], name="template_external")]

    def __str__(self) -> str:
        return self.name

    @property
    def reason_words(self) -> str:
        """Meta's reason in plain words, with whatever else it wrote."""
        code, _colon, rest = self.reason.partition(":")
        known = REASONS.get(code.strip().upper())
        return " ".join(part for part in (str(known), rest.strip()) if part) if known else self.reason

    @property
    def quick_replies(self) -> list[str]:
        """The words on its buttons."""
        return [str(button.get("text", "")) for button in self.buttons if isinstance(button, dict)]

    def as_payload(self) -> dict[str, Any]:
        """Return the template as Meta takes it for review."""
        body: dict[str, Any] = {"type": "BODY", "text": self.body}
        if self.examples:
            body["example"] = {"body_text": [self.examples]}
        components = [{"type": "HEADER", "format": "TEXT", "text": self.header}] if self.header else []
        components.append(body)
        components += [{"type": "FOOTER", "text": self.footer}] if self.footer else []
        components += [{"type": "BUTTONS", "buttons": self.buttons}] if self.buttons else []
        return {
            "name": self.name, "language": self.language, "category": self.category, "parameter_format": "POSITIONAL",
            "components": components,
        }  # fmt: skip
