from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from billing.events import ChargePaid, ChargeRefunded
from bookings.charges.models import ChargeLink
from bookings.events import BookingCancelled, BookingConfirmed, BookingHeld
from campaigns.events import CampaignAsks, CampaignGuarded, CampaignOutOfPlan, DemandExceeded
from campaigns.letters import write_out_of_plan, write_pause
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignState,
    Overload,
    Recipient,
    RecipientState,
    SkipReason,
    StopReason,
)
from campaigns.overload.letters import write_overload
from campaigns.provenance.replies import answer_origin
from campaigns.results.of_contact import last_campaign_of
from campaigns.schedules.letters import write_question
from campaigns.sequences.stopping import stop_sequences
from campaigns.services.bell import ring_senders
from campaigns.services.evidence import confirm_by_echoes
from campaigns.services.guard import count_who_left
from campaigns.services.joining import leave_out_twins, line_up_again
from campaigns.services.official import keep_fees
from campaigns.services.statuses import apply_known_statuses
from campaigns.services.transitions import tell
from conversations.events import ConversationClosed, CustomerReplied
from conversations.models import Conversation
from core.clock import now
from gateways.events import ChannelStateChanged, MessagesReceived, NumberReplaced, StatusesReceived
from leads.events import ContactAnonymised, ContactOptedOut
from leads.services.joining import Part, register
from sagas.outbox import subscriber
from sdr.events import LeadQualified

register(Part("campaigns", (Recipient,), leave_out_twins, line_up_again))

WROTE = [
    RecipientState.SENDING, RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ, RecipientState.FAILED,
    RecipientState.UNKNOWN,
]  # fmt: skip


@subscriber(StatusesReceived)
def move_recipient_states(event: StatusesReceived) -> None:
    for campaign_id in apply_known_statuses(event.channel_id, event.external_ids):
        tell(event.organization_id, campaign_id)


@subscriber(MessagesReceived)
def confirm_unknown_by_echo(event: MessagesReceived) -> None:
    echoes = [message for message in event.messages if message["from_me"] and message["from_api"]]
    confirm_by_echoes(UUID(event.organization_id), UUID(event.channel_id), echoes)


@subscriber(CustomerReplied)
def attribute_reply(event: CustomerReplied) -> None:
    """Credit an answer to the last campaign message whose days are not over yet."""
    at = datetime.fromisoformat(event.at)
    rows = Recipient.objects.filter(contact_id=event.contact_id, state__in=WROTE)
    # A very quick answer may overtake the settling of the send that it answers: that row is still being sent.
    newest = (
        rows.filter(state=RecipientState.SENDING, sent_at=None).first()
        or rows.filter(sent_at__gt=at - F("campaign__attribution_days") * timedelta(days=1))
        .order_by("-sent_at")
        .first()
    )
    if newest is not None and Recipient.objects.filter(pk=newest.pk, replied_at=None).update(replied_at=at):
        tell(event.organization_id, newest.campaign_id)


@subscriber(CustomerReplied)
def tell_why_it_was_sent(event: CustomerReplied) -> None:
    answer_origin(event)


@subscriber(ContactOptedOut)
def leave_out_who_asked(event: ContactOptedOut) -> None:
    count_who_left(event.contact_id)
    _leave_out(event.organization_id, event.contact_id, SkipReason.OPTED_OUT)


@subscriber(ContactAnonymised)
def leave_out_who_was_erased(event: ContactAnonymised) -> None:
    _leave_out(event.organization_id, event.contact_id, SkipReason.ANONYMISED)
    Recipient.objects.filter(contact_id=event.contact_id).update(phone="", body="", error="")


@subscriber(ChannelStateChanged)
def look_at_campaigns_of_channel(event: ChannelStateChanged) -> None:
    links = CampaignChannel.objects.filter(channel_id=event.channel_id, campaign__state=CampaignState.RUNNING)
    for campaign_id in links.values_list("campaign_id", flat=True):
        tell(event.organization_id, campaign_id)
    ring_senders()


@subscriber(NumberReplaced)
def let_the_other_number_send(event: NumberReplaced) -> None:
    """Bring the number that stands in into every running campaign of the one that is out of work."""
    links = CampaignChannel.objects.filter(channel_id=event.channel_id, campaign__state=CampaignState.RUNNING)
    for campaign in Campaign.objects.filter(pk__in=links.values("campaign_id")):
        CampaignChannel.objects.get_or_create(
            campaign=campaign, channel_id=event.by_id,
            defaults={"organization_id": event.organization_id, "took_over_at": now()},
        )  # fmt: skip
        keep_fees(campaign)
        tell(event.organization_id, campaign.pk)
    ring_senders()


@subscriber(CampaignGuarded)
def tell_that_a_campaign_paused(event: CampaignGuarded) -> None:
    if campaign := Campaign.objects.filter(pk=event.campaign_id).first():
        write_pause(campaign)


@subscriber(CampaignOutOfPlan)
def tell_that_the_plan_is_used_up(event: CampaignOutOfPlan) -> None:
    if campaign := Campaign.objects.filter(pk=event.campaign_id).first():
        write_out_of_plan(campaign)


@subscriber(CustomerReplied)
def end_sequences_of_who_answered(event: CustomerReplied) -> None:
    stop_sequences(UUID(event.contact_id), StopReason.REPLIED)


@subscriber(BookingHeld)
def end_sequences_of_who_asked_for_a_time(event: BookingHeld) -> None:
    stop_sequences(UUID(event.contact_id), StopReason.BOOKED)


@subscriber(BookingConfirmed)
def end_sequences_of_who_booked(event: BookingConfirmed) -> None:
    stop_sequences(UUID(event.contact_id), StopReason.BOOKED)


@subscriber(ConversationClosed)
def end_sequences_of_the_conversation(event: ConversationClosed) -> None:
    contact = Conversation.objects.filter(pk=event.conversation_id).values_list("contact_id", flat=True).first()
    if contact is not None:
        stop_sequences(contact, StopReason.CLOSED)


@subscriber(CampaignAsks)
def ask_by_email(event: CampaignAsks) -> None:
    if campaign := Campaign.objects.filter(pk=event.campaign_id).first():
        write_question(campaign)


@subscriber(DemandExceeded)
def ask_for_a_decision(event: DemandExceeded) -> None:
    if overload := Overload.objects.filter(pk=event.overload_id).first():
        write_overload(overload)


def _leave_out(organization_id: str, contact_id: str, reason: SkipReason) -> None:
    waiting = Recipient.objects.filter(contact_id=contact_id, state=RecipientState.QUEUED)
    campaigns = set(waiting.values_list("campaign_id", flat=True))
    waiting.update(state=RecipientState.SKIPPED, skip_reason=reason)
    for campaign_id in campaigns:
        tell(organization_id, campaign_id)


@subscriber(LeadQualified)
def show_the_qualification(event: LeadQualified) -> None:
    _show(event.organization_id, event.contact_id)


@subscriber(BookingConfirmed)
def show_the_booking(event: BookingConfirmed) -> None:
    _show(event.organization_id, event.contact_id)


@subscriber(BookingCancelled)
def take_the_booking_away(event: BookingCancelled) -> None:
    _show(event.organization_id, event.contact_id)


@subscriber(ChargePaid)
def show_the_payment(event: ChargePaid) -> None:
    _show(event.organization_id, _who_pays(event.charge_id))


@subscriber(ChargeRefunded)
def take_the_payment_away(event: ChargeRefunded) -> None:
    _show(event.organization_id, _who_pays(event.charge_id))


def _who_pays(charge_id: str) -> str:
    found = ChargeLink.objects.filter(charge_id=charge_id).values_list("contact_id", flat=True).first()
    return str(found or "")


def _show(organization_id: str, contact_id: str) -> None:
    """Let the report look again to which it is put down what a contact did."""
    if contact_id and (campaign_id := last_campaign_of(contact_id)):
        tell(organization_id, campaign_id)
