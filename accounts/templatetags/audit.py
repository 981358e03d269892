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
    "booking.calendar_connected": gettext_lazy("Connected a calendar"),
    "booking.calendar_disconnected": gettext_lazy("Disconnected a calendar"),
    "booking.day": gettext_lazy("Changed a day of the agenda"),
    "booking.day_removed": gettext_lazy("Took back the change of a day of the agenda"),
    "booking.hours": gettext_lazy("Changed somebody's working hours"),
    "booking.professional": gettext_lazy("Changed who takes bookings"),
    "booking.service": gettext_lazy("Changed a service"),
    "booking.settings": gettext_lazy("Changed the settings of the agenda"),
    "booking.time_off": gettext_lazy("Marked time off"),
    "booking.time_off_removed": gettext_lazy("Took time off back"),
    "bulk.begun": gettext_lazy("Did one thing to many at once"),
    "bulk.stopped": gettext_lazy("Stopped an action on many"),
    "bulk.undone": gettext_lazy("Undid an action on many"),
    "campaign.archived": gettext_lazy("Archived a campaign"),
    "campaign.attribution_changed": gettext_lazy("Changed for how long a campaign counts"),
    "campaign.cancelled": gettext_lazy("Cancelled a campaign"),
    "campaign.changed": gettext_lazy("Changed a campaign"),
    "campaign.confirmed": gettext_lazy("Decided about a message without confirmation"),
    "campaign.created": gettext_lazy("Created a campaign"),
    "campaign.deals": gettext_lazy("Counted closed deals"),
    "campaign.deleted": gettext_lazy("Deleted a campaign"),
    "campaign.exported": gettext_lazy("Exported the recipients of a campaign"),
    "campaign.guard": gettext_lazy("Changed the automatic pause"),
    "campaign.number_added": gettext_lazy("Gave a campaign another number"),
    "campaign.paused": gettext_lazy("Paused a campaign"),
    "campaign.repeats": gettext_lazy("Changed how a campaign repeats"),
    "campaign.resumed": gettext_lazy("Resumed a campaign"),
    "campaign.retried": gettext_lazy("Tried failed messages again"),
    "campaign.schedule_settings": gettext_lazy("Changed the schedules of campaigns"),
    "campaign.scheduled": gettext_lazy("Scheduled a campaign"),
    "campaign.standby_helps": gettext_lazy("A standby number began to help"),
    "campaign.standby_stepped_back": gettext_lazy("A standby number stepped back"),
    "campaign.standby_took_over": gettext_lazy("A standby number took over"),
    "campaign.started": gettext_lazy("Started a campaign"),
    "campaign.steps": gettext_lazy("Changed the steps of a sequence"),
    "campaign.time_restored": gettext_lazy("Took back the leaving out of one time of a series"),
    "campaign.time_skipped": gettext_lazy("Left out one time of a series"),
    "campaign.unarchived": gettext_lazy("Took a campaign out of the archive"),
    "campaign.unscheduled": gettext_lazy("Took a campaign off the schedule"),
    "campaign.variant_chosen": gettext_lazy("Chose one variation for those in line"),
    "channel.changed": gettext_lazy("Changed a number"),
    "channel.created": gettext_lazy("Connected a number"),
    "channel.disconnected": gettext_lazy("Disconnected a number"),
    "channel.paused": gettext_lazy("Paused a number"),
    "channel.removed": gettext_lazy("Removed a number"),
    "channel.resumed": gettext_lazy("Resumed a number"),
    "channel.server_switched": gettext_lazy("Moved a number to another server"),
    "channel.tested": gettext_lazy("Sent a test by a number"),
    "charge.cancelled": gettext_lazy("Cancelled a charge"),
    "charge.confirmed": gettext_lazy("Confirmed a payment"),
    "charge.created": gettext_lazy("Created a charge"),
    "charge.refund_asked": gettext_lazy("Asked for a refund"),
    "charge.refunded": gettext_lazy("Gave money back"),
    "charges.exported": gettext_lazy("Exported charges"),
    "contact.anonymised": gettext_lazy("Erased personal data"),
    "contact.changed": gettext_lazy("Changed a contact"),
    "contact.created": gettext_lazy("Created a contact"),
    "contact.dossier": gettext_lazy("Exported the dossier of a contact"),
    "contact.joined": gettext_lazy("Joined two contacts"),
    "contact.opted_in": gettext_lazy("Let campaigns write to a contact again"),
    "contact.opted_out": gettext_lazy("Took a contact out of campaigns"),
    "contact.taken_apart": gettext_lazy("Took joined contacts apart"),
    "contacts.exported": gettext_lazy("Exported contacts"),
    "contacts.tagged": gettext_lazy("Tagged contacts"),
    "demand.decided": gettext_lazy("Decided about what did not fit"),
    "demand.exceeded": gettext_lazy("There was more to send than fitted"),
    "demand.fits": gettext_lazy("Everything fitted again"),
    "demand.settings": gettext_lazy("Changed what happens when there is more to send than fits"),
    "demand.undone": gettext_lazy("Took a decision about the demand back"),
    "fiscal.changed": gettext_lazy("Changed the data for tax invoices"),
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
    "pace.answers_followed": gettext_lazy("Changed whether the pace follows the answers"),
    "payments.pix_changed": gettext_lazy("Changed the Pix key"),
    "plan.asked": gettext_lazy("Asked for another plan"),
    "pool.drill": gettext_lazy("Tested the standby numbers"),
    "process.retried": gettext_lazy("Tried a process again"),
    "process.undone": gettext_lazy("Undid a process"),
    "receipt.replayed": gettext_lazy("Read a receipt again"),
    "sdr.agent_removed": gettext_lazy("Removed an agent"),
    "sdr.agent_saved": gettext_lazy("Changed an agent"),
    "sdr.calibration_applied": gettext_lazy("Applied new weights of the score"),
    "sdr.calibration_dismissed": gettext_lazy("Dismissed new weights of the score"),
    "sdr.calibration_rolled_back": gettext_lazy("Went back to the former weights of the score"),
    "sdr.changed": gettext_lazy("Changed the SDR"),
    "sdr.cost_passed": gettext_lazy("The cost of AI passed its limit"),
    "sdr.document_added": gettext_lazy("Added a document for the SDR"),
    "sdr.document_read_again": gettext_lazy("Had a document read again"),
    "sdr.document_removed": gettext_lazy("Removed a document of the SDR"),
    "sdr.leads_exported": gettext_lazy("Exported qualified leads"),
    "sdr.prompt_taken_out": gettext_lazy("Took a text of the SDR out of use"),
    "sdr.prompt_used": gettext_lazy("Put a text of the SDR to use"),
    "sdr.prompt_written": gettext_lazy("Wrote a text of the SDR"),
    "sdr.question_answered": gettext_lazy("Answered a question that the SDR did not know"),
    "sdr.question_dismissed": gettext_lazy("Dismissed a question that the SDR did not know"),
    "sdr.rubric_changed": gettext_lazy("Changed the weights of the score"),
    "sdr.route_changed": gettext_lazy("Changed which model does what"),
    "sdr.service_changed": gettext_lazy("Changed the services of the SDR"),
    "secret.changed": gettext_lazy("Changed a key"),
    "team.deleted": gettext_lazy("Deleted a team"),
    "team.saved": gettext_lazy("Saved a team"),
    "template.deleted": gettext_lazy("Deleted an official template"),
    "template.saved": gettext_lazy("Saved an official template"),
    "template.submitted": gettext_lazy("Sent an official template to Meta"),
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
