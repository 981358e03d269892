"""The audit log in words that an owner reads, instead of the codes that programs write."""

from typing import Final
from uuid import UUID

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry

register = template.Library()

WORDS: Final[dict[str, object]] = {
    "api_token.created": gettext_lazy("Created an API token"),
    "api_token.revoked": gettext_lazy("Revoked an API token"),
    "campaign.attribution_changed": gettext_lazy("Changed for how long a campaign counts"),
    "campaign.cancelled": gettext_lazy("Cancelled a campaign"),
    "campaign.changed": gettext_lazy("Changed a campaign"),
    "campaign.confirmed": gettext_lazy("Decided about a message without confirmation"),
    "campaign.created": gettext_lazy("Created a campaign"),
    "campaign.deals": gettext_lazy("Counted closed deals"),
    "campaign.deleted": gettext_lazy("Deleted a campaign"),
    "campaign.exported": gettext_lazy("Exported the recipients of a campaign"),
    "campaign.paused": gettext_lazy("Paused a campaign"),
    "campaign.resumed": gettext_lazy("Resumed a campaign"),
    "campaign.retried": gettext_lazy("Tried failed messages again"),
    "campaign.scheduled": gettext_lazy("Scheduled a campaign"),
    "campaign.started": gettext_lazy("Started a campaign"),
    "campaign.unscheduled": gettext_lazy("Took a campaign off the schedule"),
    "channel.changed": gettext_lazy("Changed a number"),
    "channel.created": gettext_lazy("Connected a number"),
    "channel.disconnected": gettext_lazy("Disconnected a number"),
    "channel.paused": gettext_lazy("Paused a number"),
    "channel.removed": gettext_lazy("Removed a number"),
    "channel.resumed": gettext_lazy("Resumed a number"),
    "channel.tested": gettext_lazy("Sent a test by a number"),
    "contact.anonymised": gettext_lazy("Erased personal data"),
    "contact.changed": gettext_lazy("Changed a contact"),
    "contact.created": gettext_lazy("Created a contact"),
    "contact.opted_in": gettext_lazy("Let campaigns write to a contact again"),
    "contact.opted_out": gettext_lazy("Took a contact out of campaigns"),
    "contacts.exported": gettext_lazy("Exported contacts"),
    "contacts.tagged": gettext_lazy("Tagged contacts"),
    "import.retried": gettext_lazy("Tried an import again"),
    "import.started": gettext_lazy("Started an import"),
    "import.undone": gettext_lazy("Undid an import"),
    "list.created": gettext_lazy("Created a list"),
    "list.deleted": gettext_lazy("Deleted a list"),
    "list.exported": gettext_lazy("Exported a list"),
    "list.renamed": gettext_lazy("Renamed a list"),
    "member.changed": gettext_lazy("Changed what a person may do"),
    "member.invitation_revoked": gettext_lazy("Withdrew an invitation"),
    "member.invited": gettext_lazy("Invited a person"),
    "member.joined": gettext_lazy("Joined the business"),
    "organization.changed": gettext_lazy("Changed the business details"),
    "organization.created": gettext_lazy("Opened the business"),
    "process.retried": gettext_lazy("Tried a process again"),
    "process.undone": gettext_lazy("Undid a process"),
    "receipt.replayed": gettext_lazy("Read a receipt again"),
    "sdr.changed": gettext_lazy("Changed the SDR"),
    "sdr.rubric_changed": gettext_lazy("Changed the weights of the score"),
    "secret.changed": gettext_lazy("Changed a key"),
    "team.deleted": gettext_lazy("Deleted a team"),
    "team.saved": gettext_lazy("Saved a team"),
}


@register.filter
def audit_words(action: str) -> str:
    """Return the action in words; a code that has none yet is shown as it is."""
    return str(WORDS.get(action, action))


@register.filter
def audit_target(entry: AuditEntry) -> str:
    """Return what the action was on; a bare id says nothing to a reader and becomes a short mark."""
    try:
        identity = UUID(entry.target)
    except ValueError:
        return entry.target
    return _("contact %(mark)s") % {"mark": identity.hex[-6:]} if entry.action.startswith("contact") else ""
