"""People known only by a hidden WhatsApp id: their server is asked for the phone behind it until it knows (D-10)."""

import logging
from datetime import timedelta

from conversations.models import Conversation
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from gateways.models import ChannelState
from gateways.services.presence import resolve_phone
from leads.models import ContactIdentity, IdentityKind
from leads.services.contacts import find_or_create_contact

logger = logging.getLogger(__name__)

BATCH = 50
RECENT = timedelta(days=30)


@job("bulk", timeout_seconds=300)
def resolve_hidden(*, organization_id: str) -> None:
    """Ask for the phones behind one organization's hidden ids; what is learnt joins contacts that are one person."""
    rows = ContactIdentity.objects.filter(
        kind=IdentityKind.LID, contact__phone_key=None, contact__merged_into=None, contact__anonymised_at=None,
        contact__last_seen_at__gte=now() - RECENT,
    )  # fmt: skip
    for identity in rows.order_by("-created_at")[:BATCH]:
        threads = Conversation.objects.filter(contact_id=identity.contact_id, channel__state=ChannelState.CONNECTED)
        thread = threads.select_related("channel").order_by("-last_message_at").first()
        phone = resolve_phone(thread.channel, identity.value) if thread else None
        if phone:
            find_or_create_contact(
                phone=phone, identities=[(identity.kind, identity.value)], name="", source="whatsapp"
            )
            logger.info("hidden id resolved", extra={"contact": str(identity.contact_id)})


@job("bulk")
def resolve_all_hidden() -> None:
    """Ring for every organization that has somebody hidden."""
    with across_organizations():
        hidden = ContactIdentity.objects.filter(
            kind=IdentityKind.LID, contact__phone_key=None, contact__merged_into=None
        )
        for organization_id in hidden.values_list("organization_id", flat=True).distinct():
            resolve_hidden.enqueue(coalesce_key=str(organization_id), organization_id=str(organization_id))
