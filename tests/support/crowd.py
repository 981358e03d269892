"""An organization that grows: some rows of everything, and under the first of each as many more of what belongs to it."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from psycopg.types.range import TimestamptzRange

from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Team, User
from billing.models import Charge
from bookings.models import Booking, BookingChange, DayRule, Professional, Service, TimeOff
from bookings.services.schedule import save_professional, save_service
from campaigns.models import (
    Campaign,
    CampaignAgent,
    CampaignChannel,
    CampaignList,
    DemandDecision,
    Occurrence,
    Overload,
    Recipient,
    Recurrence,
    Step,
    Variant,
)
from conversations.models import Attachment, Conversation, Message
from core.clock import now
from core.ids import uuid7
from core.phones import match_key
from core.tenancy import current_organization_id
from gateways.models import Channel, ChannelEvent, ChannelState, MessageTemplate, Receipt
from leads.models import (
    BulkAction,
    BulkItem,
    Contact,
    ContactIdentity,
    ContactList,
    Import,
    ImportIssue,
    ListMembership,
    TimelineEntry,
)
from leads.services.joining import join_contacts
from sagas.models import SagaExecution, SagaStepRecord
from sdr.models import (
    Agent,
    AgentChannel,
    Calibration,
    Document,
    ModelCall,
    Prompt,
    Qualification,
    Question,
    Refusal,
    ReplyTurn,
    Verdict,
)

MONDAY = datetime(2026, 12, 7, 12, 0, tzinfo=UTC)
LATER = datetime(2099, 6, 1, 12, 0, tzinfo=UTC)
"""Longer than any plan looks ahead."""


class Crowd:
    """``first`` holds the first row of each kind by the name that routes give its id, e.g. ``contact_id``."""

    def __init__(self, owner: Membership) -> None:
        self.owner = owner
        self.numbers = count(1)
        self.first: dict[str, UUID | int | str] = {"membership_id": owner.pk, "organization_id": owner.organization_id}
        self.rows: dict[str, Any] = {}

    def grow(self, size: int) -> None:
        """Add so many of everything."""
        for _ in range(size):
            number = next(self.numbers)
            self._people(number)
            self._leads(number)
            self._talks(number)
            self._teaching(number)
            self._campaigns(number)
            self._series(number)
            self._agenda(number)
            self._processes(number)

    def _keep(self, name: str, row: Any) -> Any:
        """Remember the first row of its kind, under which the others of its kinds of children are added, too."""
        self.first.setdefault(f"{name}_id", row.pk)
        self.rows.setdefault(name, row)
        return row

    def _people(self, number: int) -> None:
        user = User.objects.create_user(f"pessoa-{number}@example.com", None, name=f"Pessoa {number}")
        member = Membership.objects.create(user=user)
        team = self._keep("team", Team.objects.create(name=f"Equipe {number}"))
        for one in {team, self.rows["team"]}:
            member.teams.add(one, through_defaults={"organization_id": member.organization_id})
        self.member = member
        token = ApiToken.objects.create(name=f"Token {number}", token_hash=uuid7().hex, hint="prosa_")
        self._keep("token", token)
        invitation = Invitation.objects.create(
            email=f"convite-{number}@example.com", invited_by=member, expires_at=now() + timedelta(days=1)
        )
        self._keep("invitation", invitation)
        AuditEntry.objects.create(actor=member, actor_name=user.name, action="team.created", target=team.name)

    def _leads(self, number: int) -> None:
        phone = f"+55119876{number:05d}"
        self.contact = contact = self._keep("contact", Contact.objects.create(
            name=f"Contato {number}", phone=phone, phone_key=match_key(phone), tags=[f"t{number}"], search=f"contato {number}",
            attributes={f"campo{number}": "x"}, temperature="quente",
        ))  # fmt: skip
        contacts = self._keep("list", ContactList.objects.create(name=f"Lista {number}", size=1))
        run = self._keep("import", Import.objects.create(
            list_name=contacts.name, filename=f"arquivo-{number}.csv", stored_path="x", contact_list=contacts, state="completed",
            created_by=self.member, rows=1, created=1,
        ))  # fmt: skip
        bulk = self._keep(
            "bulk", BulkAction.objects.create(kind="contacts-tag", parameters={"tag": "t"}, total=number, state="done")
        )
        for one in {bulk, self.rows["bulk"]}:
            BulkItem.objects.create(bulk=one, object_id=contact.pk, state="changed")
        for one in {run, self.rows["import"]}:
            ImportIssue.objects.create(import_run=one, row_number=number, kind="invalid", reason="phone", cells=["x"])
        for one in {contacts, self.rows["list"]}:
            ListMembership.objects.create(contact_list=one, contact=contact, row_number=number)
        if contacts != self.rows["list"]:
            ListMembership.objects.create(contact_list=contacts, contact=self.rows["contact"], row_number=number)
        self.contacts = contacts
        ContactIdentity.objects.create(contact=self.rows["contact"], kind="phone", value=f"+55119555{number:05d}")
        TimelineEntry.objects.create(contact=self.rows["contact"], kind="imported", title="Importado", at=now())
        gone = Contact.objects.create(name=f"Antigo {number}")
        self._keep("merge", join_contacts(self.rows["contact"], gone, actor=self.member))

    def _talks(self, number: int) -> None:
        channel = Channel(
            organization_id=current_organization_id(), provider="simulator", name=f"Número {number}",
            state=ChannelState.CONNECTED, connected_at=now(),
        )  # fmt: skip
        channel.config = {}
        channel.save()
        self.channel = self._keep("channel", channel)
        self._keep(
            "template", MessageTemplate.objects.create(channel=self.rows["channel"], name=f"modelo_{number}", body="Oi")
        )
        ChannelEvent.objects.create(channel=self.rows["channel"], kind="connected", detail="x")
        receipt = Receipt.objects.create(
            organization_id=channel.organization_id, channel=self.rows["channel"], dedupe_key=f"x{number}", body=b"{}"
        )
        self._keep("receipt", receipt)
        thread = self._keep("conversation", Conversation.objects.create(
            contact=self.contact, channel=channel, last_message_at=now(), assigned_to=self.member, team=self.rows["team"], unread=1,
        ))  # fmt: skip
        if thread != self.rows["conversation"]:
            Conversation.objects.create(
                contact=self.rows["contact"], channel=channel, last_message_at=now(), status="open", unread=1
            )
        for one in {thread, self.rows["conversation"]}:
            message = self._keep("message", Message.objects.create(
                conversation=one, channel=channel, direction="out", origin="human", author=self.member, author_name="Pessoa",
                body="Olá", state="sent", at=now(),
            ))  # fmt: skip
            self._keep("attachment", Attachment.objects.create(message=message, kind="image", filename="a.png"))
        self._keep("qualification", Qualification.objects.create(
            contact=self.contact, conversation=thread, status="qualificado", qualified_at=now(), score=100, temperature="quente"
        ))  # fmt: skip
        Refusal.objects.create(conversation=thread, wanted="20% de desconto", objections=[], sent="Vou ver")

    def _teaching(self, number: int) -> None:
        self._keep("document", Document.objects.create(kind="text", title=f"Texto {number}", state="ready"))
        question = Question.objects.create(text=f"Tem vaga {number}?", key=f"tem vaga {number}", contact=self.contact)
        self._keep("question", question)
        self._keep("prompt", Prompt.objects.create(number=number, instructions="Fale pouco."))
        self._keep("calibration", Calibration.objects.create(state="dismissed", reason="few"))

    def _campaigns(self, number: int) -> None:
        campaign = self._keep("campaign", Campaign.objects.create(
            name=f"Campanha {number}", state="running", created_by=self.member, total=1, started_at=now(),
            audience_built_at=now(), errors={f"e{number}": {"count": 1, "text": "x"}},
        ))  # fmt: skip
        first = self.rows["campaign"]
        for one in {campaign, first}:
            Variant.objects.create(campaign=one, label=f"V{number}", body="Oi, {nome}!")
            CampaignChannel.objects.create(campaign=one, channel=self.channel)
            CampaignList.objects.create(campaign=one, contact_list=self.contacts)
            variant = one.variants.latest("pk")
            self._keep("recipient", self._recipient(one, variant, self.contact, number, "failed"))
            self._step(one, number)
        if campaign != first:
            self._recipient(campaign, variant, self.rows["contact"], number + 1, "queued")
        overload = self.rows.setdefault("overload", Overload.objects.get_or_create(
            organization_id=campaign.organization_id, ended_at=None, defaults={"began_at": now()},
        )[0])  # fmt: skip
        Overload.objects.filter(pk=overload.pk).update(late_campaigns={str(campaign.pk): 1, str(first.pk): 1})
        decision = DemandDecision.objects.create(overload=overload, campaign=campaign, kind="accept", by=self.member)
        self._keep("decision", decision)
        self._agents(number, campaign)

    def _step(self, campaign: Campaign, number: int) -> None:
        """A further step, to which one has come and for which another waits."""
        step = self._keep("step", Step.objects.create(campaign=campaign, number=campaign.steps.count() + 2, wait=2))
        text = Variant.objects.create(campaign=campaign, label=f"E{number}", step=step.number, body="E aí, {nome}?")
        self._recipient(campaign, text, self.contact, number + 100, "sent", step=step.number, leads_on=True)

    def _series(self, number: int) -> None:
        """A series that waits for its next time, with one that was; the first one has as many as there are series."""
        begins = LATER + timedelta(days=number)
        series = self._keep("series", Campaign.objects.create(
            name=f"Série {number}", state="scheduled", repeats=True, start_at=begins, created_by=self.member,
        ))  # fmt: skip
        rule = {"unit": "day", "interval": 1, "at": "09:00:00", "first_on": "2026-01-05", "holidays": "skip"}
        self._keep("recurrence", Recurrence.objects.create(campaign=series, rule=rule, next_on=begins.date()))
        for one in {series, self.rows["series"]}:
            Variant.objects.create(campaign=one, label=f"V{number}", body="Oi, {nome}!")
            CampaignChannel.objects.create(campaign=one, channel=self.channel)
            CampaignList.objects.create(campaign=one, contact_list=self.contacts)
            at = MONDAY - timedelta(days=300 + number)
            run = Campaign.objects.create(
                name=f"{one.name} · {number}", state="completed", series=one, start_at=at, started_at=at, finished_at=at
            )
            text = Variant.objects.create(campaign=run, label="A", body="Oi!")
            self._recipient(run, text, self.contact, number, "sent")
            self._keep("occurrence", Occurrence.objects.create(
                series=one, planned_on=at.date(), due_at=at, outcome="made", run=run
            ))  # fmt: skip

    def _agents(self, number: int, campaign: Campaign) -> None:
        agent = self._keep("agent", Agent.objects.create(
            name=f"Agente {number}", questions=["Tem convênio?"], follow_up_mode="own", follow_ups=["Ainda aí?"],
            working_hours={"days": [0, 1, 2, 3, 4, 5, 6], "start": "00:00", "end": "23:59"}, team_quente=self.rows["team"],
        ))  # fmt: skip
        AgentChannel.objects.create(agent=agent, channel=self.channel)
        CampaignAgent.objects.create(agent=self.rows["agent"], campaign=campaign)
        lead = Qualification.objects.get(contact=self.contact)
        Qualification.objects.filter(pk=lead.pk).update(agent=agent, prompt=self.rows["prompt"])
        Verdict.objects.create(qualification=lead, was_hot=True, by=self.member)
        ReplyTurn.objects.create(
            conversation_id=lead.conversation_id, state="answered", last_message_id=uuid7(), wake_at=now(), deadline_at=now(),
            sources=[{"title": "Tabela", "document_id": str(self.rows["document"].pk)}],
        )  # fmt: skip
        ModelCall.objects.create(
            task="reply", provider="openai", model=f"m{number}", cost_micros=1000, conversation_ref=lead.conversation_id
        )

    def _recipient(
        self, campaign: Campaign, variant: Variant, contact: Contact, position: int, state: str, **values: Any
    ) -> Recipient:
        row: Recipient = Recipient.objects.create(
            campaign=campaign, contact=contact, variant=variant, channel=self.channel, position=position, phone=contact.phone,
            body="Oi!", state=state, error_code=f"e{position}" if state == "failed" else "", sent_at=now(),
            next_attempt_at=now() + timedelta(days=1), **values,
        )  # fmt: skip
        return row

    def _agenda(self, number: int) -> None:
        professional: Professional = save_professional(self.member, name=f"Pro {number}", is_active=True, actor=None)
        service = self._keep("service", save_service(
            Service(organization_id=current_organization_id(), name=f"Serviço {number}"), professionals=[professional], actor=None
        ))  # fmt: skip
        during = TimestamptzRange(MONDAY, MONDAY + timedelta(hours=1))
        booking = self._keep("booking", Booking.objects.create(
            contact=self.contact, service=service, professional=professional, professional_number=professional.number,
            during=during, blocked=during, service_name=service.name, created_by=self.member,
        ))  # fmt: skip
        BookingChange.objects.create(booking=self.rows["booking"], action="booked", by="owner", actor=self.member)
        self._keep("time_off", TimeOff.objects.create(
            professional=professional, during=TimestamptzRange(MONDAY + timedelta(days=1), MONDAY + timedelta(days=2))
        ))  # fmt: skip
        self._keep("day_rule", DayRule.objects.create(day=MONDAY.date() + timedelta(days=number), name="Feriado"))
        assert booking.pk

    def _processes(self, number: int) -> None:
        execution = SagaExecution.objects.create(
            saga_id=f"saga-{number}", definition="trip", step_names=["flight"], context={}, created_at=now()
        )
        self._keep("execution", execution)
        SagaStepRecord.objects.create(
            execution=self.rows["execution"],
            position=number,
            name=f"passo{number}",
            kind="do",
            state="done",
            finished_at=now(),
        )
        charge = Charge.objects.create(
            payer_name=f"Pagador {number}", amount_cents=100, description="Consulta", method="pix_static", pix_code="x",
            created_by=self.member, expires_at=now() + timedelta(days=1),
        )  # fmt: skip
        self._keep("charge", charge)
