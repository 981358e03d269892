from datetime import datetime, timedelta

from campaigns.models import Campaign, Recipient, RecipientState, SkipReason
from campaigns.sender.rows import apply_statuses
from campaigns.services.lifecycle import tell_pages
from conversations.events import CustomerReplied
from core.live import signal
from gateways.events import StatusesReceived
from leads.events import ContactAnonymised, ContactOptedOut
from sagas.outbox import subscriber

ATTRIBUTION = timedelta(days=30)


@subscriber(StatusesReceived)
def move_recipient_states(event: StatusesReceived) -> None:
    for campaign_id in apply_statuses(event.channel_id, event.external_ids):
        signal(event.organization_id, f"campaign:{campaign_id}")
        signal(event.organization_id, "dashboard")


@subscriber(CustomerReplied)
def attribute_reply(event: CustomerReplied) -> None:
    """Credit an answer to the last campaign message that the contact got."""
    at = datetime.fromisoformat(event.at)
    sent = Recipient.objects.filter(contact_id=event.contact_id, sent_at__gte=at - ATTRIBUTION)
    newest = sent.order_by("-sent_at").first()
    if newest is not None and newest.replied_at is None:
        newest.replied_at = at
        newest.save(update_fields=["replied_at"])
        tell_pages(Campaign.objects.get(pk=newest.campaign_id))


@subscriber(ContactOptedOut)
def leave_out_who_asked(event: ContactOptedOut) -> None:
    _skip(event.contact_id, SkipReason.OPTED_OUT)


@subscriber(ContactAnonymised)
def leave_out_who_was_erased(event: ContactAnonymised) -> None:
    _skip(event.contact_id, SkipReason.ANONYMISED)
    Recipient.objects.filter(contact_id=event.contact_id).update(phone="", body="")


def _skip(contact_id: str, reason: str) -> None:
    Recipient.objects.filter(contact_id=contact_id, state=RecipientState.QUEUED).update(
        state=RecipientState.SKIPPED, skip_reason=reason
    )
