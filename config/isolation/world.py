"""Two organizations with a row of everything, so that each route has something foreign to be asked for."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import ApiToken, Invitation, Membership, Role, Team, User
from accounts.services.organizations import create_organization
from accounts.services.tokens import create_api_token
from billing.models import Charge
from campaigns.models import Campaign, DemandDecision, Occurrence, Overload, Recipient, Recurrence, Step, Variant
from conversations.models import Attachment, Conversation, Message
from core.clock import now
from core.ids import uuid7
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState, MessageTemplate, Receipt
from leads.models import BulkAction, Contact, ContactList, Import
from leads.services.joining import join_contacts
from sagas.models import SagaExecution
from sagas.outbox import deliver_due
from sdr.models import Agent, Calibration, Document, Prompt, Qualification, Question

CANARY = "canario-da-outra-empresa"
RULE = {"unit": "day", "interval": 1, "at": "09:00:00", "first_on": "2026-01-05", "holidays": "send"}


@dataclass
class World:
    """``people`` by actor name, ``token`` of the first organization, ``foreign`` ids of the second by parameter name."""

    people: dict[str, User] = field(default_factory=dict)
    token: str = ""
    foreign: dict[str, UUID | int] = field(default_factory=dict)
    words: dict[str, str] = field(
        default_factory=lambda: {
            "action": "pause",
            "kind": "accept",
            "file_format": "csv",
            "provider": "waha",
            "token": "x" * 24,
            "key": "x-y",
            "uidb36": "1",
        }
    )

    def foreign_id(self, name: str) -> UUID | int:
        return self.foreign.get(name, uuid7())


def build_world() -> World:
    """Create both organizations; the caller rolls everything back."""
    world = World()
    mine = _organization("Prova A", "owner", world)
    for role in (Role.AGENT, Role.VIEWER):
        user = _user(str(role.value), world)
        with activate_organization(mine.organization_id):
            Membership.objects.create(user=user, role=role)
    theirs = _organization("Prova B", "foreign_owner", world)
    staff = _user("staff", world)
    staff.is_staff = staff.is_superuser = True
    staff.save()
    with transaction.atomic():
        deliver_due()
    with activate_organization(mine.organization_id):
        _token, world.token = create_api_token("prova")
    with activate_organization(theirs.organization_id):
        world.foreign = _rows(theirs) | {"organization_id": theirs.organization_id}
    return world


def _user(name: str, world: World) -> User:
    user = User.objects.create_user(f"{name}-{uuid7().hex[:8]}@prova.local", None, name=f"Prova {name}")
    world.people[name] = user
    return user


def _organization(name: str, actor: str, world: World) -> Membership:
    return create_organization(name, owner=_user(actor, world))


def _rows(member: Membership) -> dict[str, UUID | int]:
    channel = Channel(
        organization_id=member.organization_id, provider="simulator", name=CANARY, state=ChannelState.CONNECTED
    )
    channel.config = {}
    channel.save()
    contact = Contact.objects.create(name=CANARY, phone="+5511987654321", phone_key="+5511987654321")
    contacts = ContactList.objects.create(name=CANARY)
    run = Import.objects.create(list_name=CANARY, filename=f"{CANARY}.csv", stored_path="x", contact_list=contacts)
    campaign = Campaign.objects.create(name=CANARY)
    overload = Overload.objects.create(began_at=now(), late_campaigns={str(campaign.pk): 1})
    series = Campaign.objects.create(name=CANARY, repeats=True)
    at = now()
    recipient = Recipient.objects.create(campaign=campaign, contact=contact, body=CANARY)
    thread = Conversation.objects.create(contact=contact, channel=channel, last_message_at=now())
    message = Message.objects.create(
        conversation=thread, channel=channel, direction="in", origin="customer", body=CANARY, state="received", at=now()
    )
    attachment = Attachment.objects.create(message=message, kind="image", filename=CANARY)
    receipt = Receipt.objects.create(
        organization_id=member.organization_id, channel=channel, dedupe_key="x", body=CANARY.encode()
    )
    team = Team.objects.create(name=CANARY)
    invitation = Invitation.objects.create(email=f"{CANARY}@prova.local", expires_at=now())
    token = ApiToken.objects.create(name=CANARY, token_hash=uuid7().hex, hint="prosa_")
    process = SagaExecution.objects.create(
        saga_id=CANARY, definition=CANARY, step_names=[CANARY], context={"name": CANARY}, created_at=now()
    )
    charge = Charge.objects.create(
        payer_name=CANARY, amount_cents=100, description=CANARY, method="pix_static", pix_code=CANARY, search=CANARY,
        expires_at=now() + timedelta(days=1), organization_id=member.organization_id,
    )  # fmt: skip
    document = Document.objects.create(kind="text", title=CANARY, state="ready")
    question = Question.objects.create(text=CANARY, key=CANARY, contact=contact)
    prompt = Prompt.objects.create(number=1, instructions=CANARY)
    rows = {
        "series": series, "recurrence": Recurrence.objects.create(campaign=series, rule=RULE),
        "occurrence": Occurrence.objects.create(series=series, planned_on=at.date(), due_at=at, outcome="missed", note=CANARY),
        "step": Step.objects.create(campaign=campaign, number=2, wait=1),
        "variant": Variant.objects.create(campaign=campaign, label="A", body=CANARY),
        "prompt": prompt, "agent": Agent.objects.create(name=CANARY),
        "qualification": Qualification.objects.create(contact=contact, conversation=thread),
        "calibration": Calibration.objects.create(state="refused", reason=CANARY[:12]),
        "document": document, "question": question,
        "template": MessageTemplate.objects.create(channel=channel, name=CANARY.replace("-", "_"), body=CANARY),
        "bulk": BulkAction.objects.create(kind="contacts-tag", parameters={"tag": CANARY}, total=1),
        "merge": join_contacts(contact, Contact.objects.create(name=CANARY), actor=None),
        "channel": channel, "contact": contact, "list": contacts, "contact_list": contacts, "import": run, "campaign": campaign,
        "decision": DemandDecision.objects.create(overload=overload, campaign=campaign, kind="hold"),
        "recipient": recipient, "conversation": thread, "message": message, "attachment": attachment, "team": team,
        "invitation": invitation, "token": token, "membership": member, "execution": process, "charge": charge,
    }  # fmt: skip
    ids: dict[str, UUID | int] = {f"{name}_id": row.pk for name, row in rows.items()}
    ids["receipt_id"] = receipt.pk  # a sequence, not a UUID; the walk writes it as it is
    return ids
