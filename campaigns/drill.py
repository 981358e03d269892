"""Plays a rehearsal of :mod:`gateways.pool.drills`: a virtual number is banned in the middle of a campaign of a sandbox.

The sandbox is an organization of its own that is deleted at the end. Nothing is helped along in it: the same senders,
pool and workers do everything, and only looking on is done here, a step at a time, so that no worker is kept waiting and
a death of one costs nothing.
"""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from billing.services import start_subscription
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.services import lifecycle
from campaigns.services.lifecycle import VariantDraft
from core.clock import now
from core.jobs import job
from core.phones import match_key
from core.tenancy import across_organizations, activate_organization
from gateways.events import DrillAsked
from gateways.models import Channel, ChannelRole, ChannelState, DrillState, PoolDrill, SimulatedHook
from gateways.pool.drills import LIMIT_SECONDS, finish, give_up_old, tell
from gateways.services.channels import PaceSettings, create_channel
from gateways.services.states import mark_state
from leads.models import Contact, ContactList, ListMembership
from sagas.models import OutboxEvent
from sagas.outbox import subscriber

PEOPLE = 20
SENT_BEFORE_BAN = 5
GAP_MS = 500
REASON = "drill"
PATIENCE = timedelta(seconds=LIMIT_SECONDS + 60)
UNDER_WAY = (DrillState.WAITING, DrillState.RUNNING)


@subscriber(DrillAsked)
def begin_drill(event: DrillAsked) -> None:
    """Set the sandbox up at once."""
    play_drills.enqueue()


@job("default")
def play_drills() -> None:
    """Look on at every rehearsal that is under way, and take its next step."""
    with across_organizations():
        give_up_old(now())
        waiting = list(PoolDrill.objects.filter(state__in=UNDER_WAY).values_list("organization_id", "pk"))
    for organization_id, drill_id in waiting:
        with activate_organization(organization_id):
            take_step(drill_id)


@transaction.atomic
def take_step(drill_id: UUID) -> None:
    """Carry one rehearsal a step on, unless somebody else is at it."""
    rows = PoolDrill.objects.select_for_update(skip_locked=True, of=("self",))
    drill = rows.filter(pk=drill_id, state__in=UNDER_WAY).first()
    if drill is None:
        return
    if drill.sandbox_id is None:
        _set_up(drill)
        return
    with activate_organization(drill.sandbox_id):
        is_over = _look(drill)
    if is_over or drill.created_at < now() - PATIENCE:
        _take_down(drill, drill.sandbox_id, "" if is_over else "too_slow")
    else:
        drill.save()


def _set_up(drill: PoolDrill) -> None:
    own = Organization.objects.get(pk=drill.organization_id)
    sandbox = Organization.objects.create(name=f"Sandbox {drill.pk}", language=own.language, timezone=own.timezone)
    start_subscription(sandbox, plan_code="enterprise")
    with activate_organization(sandbox.pk), translation.override(own.language):
        first = _number(_("Main number"), ChannelRole.ACTIVE)
        _number(_("Reserve number"), ChannelRole.STANDBY)
        campaign = lifecycle.create_campaign(
            name=_("Drill"), list_ids=[_people(sandbox).pk], channel_ids=[first.pk],
            variants=[VariantDraft(_("Hello, {nome}! This is a drill."))],
        )  # fmt: skip
        lifecycle.start(campaign)
    drill.sandbox_id, drill.state, drill.people = sandbox.pk, DrillState.RUNNING, PEOPLE
    drill.save()
    tell(drill)


def _number(name: str, role: str) -> Channel:
    pace = PaceSettings(min_gap_ms=GAP_MS, max_gap_ms=GAP_MS)
    config = {"replies": False, "speed": 10}
    return create_channel(provider="simulator", name=name, config=config, role=role, pace=pace)


def _people(sandbox: Organization) -> ContactList:
    made: ContactList = ContactList.objects.create(name="Sandbox", size=PEOPLE)
    phones = [f"+5599000{number:06d}" for number in range(PEOPLE)]
    contacts = [
        Contact(organization=sandbox, name=f"Pessoa {n}", phone=phone, phone_key=match_key(phone))
        for n, phone in enumerate(phones, 1)
    ]
    Contact.objects.bulk_create(contacts)
    ListMembership.objects.bulk_create(
        ListMembership(organization=sandbox, contact_list=made, contact=contact, row_number=number)
        for number, contact in enumerate(contacts)
    )
    return made


def _look(drill: PoolDrill) -> bool:
    """Ban the number when its moment has come, note when the other went on; say whether everybody has been written to."""
    sent = Recipient.objects.filter(sent_at__isnull=False)
    if drill.banned_at is None:
        if sent.count() >= SENT_BEFORE_BAN:
            main = Channel.objects.get(role=ChannelRole.ACTIVE)
            mark_state(main, ChannelState.RESTRICTED, REASON)
            drill.banned_at = main.state_at
        return False
    if drill.seconds is None:
        other = sent.filter(channel__role=ChannelRole.STANDBY).order_by("sent_at").first()
        drill.seconds = (other.sent_at - drill.banned_at).total_seconds() if other else None
    return bool(drill.seconds is not None and Campaign.objects.get().state == CampaignState.COMPLETED)


def _take_down(drill: PoolDrill, sandbox_id: UUID, reason: str) -> None:
    with activate_organization(sandbox_id):
        got = Counter(
            SimulatedHook.objects.filter(body__type="ack", body__state="sent").values_list("phone", flat=True)
        )
    drill.duplicates = sum(count - 1 for count in got.values())
    drill.missing = PEOPLE - len(got)
    with across_organizations():
        # What has not been told yet has nobody left to be told.
        OutboxEvent.objects.filter(organization_id=sandbox_id).delete()
        Organization.objects.filter(pk=sandbox_id, name=f"Sandbox {drill.pk}").delete()
    finish(drill, reason)
