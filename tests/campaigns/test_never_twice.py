"""Whatever happens in whatever order, no message leaves twice by itself: many small lives of a campaign, drawn by chance."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.sender.claims import Claimed, Wish, claim, give_back, skip_unsendable
from campaigns.sender.outcomes import Settlement, judge, unsent
from campaigns.sender.settling import settle_batch
from campaigns.services import lifecycle, standby, statuses, sweeps
from campaigns.services.archiving import archive
from campaigns.services.evidence import confirm_by_echoes
from core.clock import now
from core.errors import DomainError
from core.placeholders import without_signs
from core.tenancy import across_organizations
from gateways import leases
from gateways.contract import Outcome, SendResult
from gateways.models import Channel, ChannelState, MessageStatus
from leads.services.consent import opt_out

pytestmark = pytest.mark.django_db
PEOPLE, STEPS = 14, 90
NEVER_LEFT = (Outcome.NOT_SENT, Outcome.REFUSED, Outcome.INVALID_NUMBER, Outcome.LATER, Outcome.CHANNEL_DOWN)
LEAVES = (Outcome.SENT, Outcome.SENT, Outcome.UNKNOWN)


class Life:
    """One campaign, and all that senders, gateways, sweeps and people do to it."""

    def __init__(self, seed: str, organization: Organization, campaign: Campaign) -> None:
        self.dice = random.Random(seed)
        self.organization, self.campaign = organization, campaign
        self.left: Counter[UUID] = Counter()
        self.late: list[tuple[UUID, Settlement]] = []
        self.begun: set[UUID] = set()
        self.out: set[UUID] = set()

    def rows(self, **where: Any) -> Any:
        return Recipient.objects.filter(campaign=self.campaign, **where)

    def fresh(self) -> Campaign:
        return Campaign.objects.get(pk=self.campaign.pk)

    # ---- Senders ----------------------------------------------------------------------------------------------------

    def send(self) -> None:
        channel = self.dice.choice(list(self.campaign.channels.order_by("created_at")))
        self.rows(state="queued").update(next_attempt_at=None)
        for row in self.claimed(channel):
            assert row.contact_id not in self.out, "written to after opting out"
            fate = self.dice.random()
            if fate < 0.5:
                self.settle(channel.pk, self.posted(row, self.dice.choice(LEAVES)))
            elif fate < 0.7:
                self.begun.add(row.token)
                self.settle(channel.pk, judge(row, SendResult(self.dice.choice(NEVER_LEFT), code="x")))
            elif fate < 0.8:
                self.posted(row, Outcome.SENT)  # and the sender dies
            elif fate < 0.9:
                self.late.append((channel.pk, self.posted(row, self.dice.choice(LEAVES))))
            else:
                self.late.append((channel.pk, unsent(row)))

    def claimed(self, channel: Channel) -> list[Claimed]:
        lease = leases.take(channel.pk, 30)
        assert lease is not None
        wish = Wish(
            organization_id=self.organization.pk, channel_id=channel.pk, lease=lease.token, campaigns=[self.campaign.pk],
            count=self.dice.randint(1, 3), cap=None, today=now().date(), gaps=[0.0] * 3, ahead=0.15, greeting="Oi",
        )  # fmt: skip
        rows, _delay = claim(wish)
        leases.release(lease)
        return rows

    def posted(self, row: Claimed, outcome: Outcome) -> Settlement:
        self.begun.add(row.token)
        self.left[row.contact_id] += 1
        assert self.left[row.contact_id] == 1, "left twice"
        external_id = f"id-{uuid4()}" if outcome is Outcome.SENT else ""
        return judge(row, SendResult(outcome, external_id, code="" if external_id else "no_answer"))

    def settle(self, channel_id: UUID, ended: Settlement) -> None:
        settle_batch(self.organization.pk, channel_id, [ended])

    def wake_up(self) -> None:
        """A frozen sender comes back."""
        if self.late:
            channel_id, ended = self.late.pop(self.dice.randrange(len(self.late)))
            token = ended.claimed.token
            if token in self.begun:
                self.settle(channel_id, ended)
            else:  # as after a claim whose commit was not heard of: none of it was begun
                give_back(token)
                self.late = [one for one in self.late if one[1].claimed.token != token]

    # ---- Sweeps -----------------------------------------------------------------------------------------------------

    def lapse(self) -> None:
        self.rows(state="sending").update(lease_until=now() - timedelta(seconds=1))
        with across_organizations():
            sweeps.sweep_sending()

    def rearrange(self) -> None:
        channel = self.dice.choice(list(self.campaign.channels.order_by("created_at")))
        state = self.dice.choice([ChannelState.CONNECTED, ChannelState.CONNECTED, ChannelState.RESTRICTED])
        Channel.objects.filter(pk=channel.pk).update(state=state, state_at=now() - timedelta(minutes=5))
        with across_organizations():
            standby.arrange_standbys()

    def leave_out(self) -> None:
        skip_unsendable([self.campaign.pk])

    # ---- Gateways ---------------------------------------------------------------------------------------------------

    def report(self) -> None:
        known = list(self.rows(external_id__isnull=False).order_by("position"))
        for row in self.dice.sample(known, min(2, len(known))):
            MessageStatus.objects.update_or_create(
                channel_id=row.channel_id, external_id=row.external_id,
                defaults={"organization_id": self.organization.pk, "state": "failed", "error_code": "131026",
                          "failed_at": now()},
            )  # fmt: skip
            statuses.apply_known_statuses(row.channel_id, [row.external_id])

    def echo(self) -> None:
        row = self.rows(state="unknown").exclude(channel=None).first()
        if row is not None and self.left[row.contact_id]:
            heard = {
                "external_id": f"id-{uuid4()}", "phone": row.phone, "chat_id": "", "text": without_signs(row.body),
                "at": now().isoformat(),
            }  # fmt: skip
            confirm_by_echoes(self.organization.pk, row.channel_id, [heard])

    # ---- People -----------------------------------------------------------------------------------------------------

    def decide(self) -> None:
        verbs: list[Callable[..., Any]] = [
            lifecycle.pause, lifecycle.resume, lifecycle.resume, lifecycle.retry_failed, archive,
            lambda campaign: lifecycle.confirm_all_unknown(campaign, "sent"),
        ]  # fmt: skip
        with contextlib.suppress(DomainError):  # what its state forbids is refused
            self.dice.choice(verbs)(self.fresh())

    def quit(self) -> None:
        contact_id = self.dice.choice(list(self.rows().order_by("position").values_list("contact_id", flat=True)))
        opt_out(contact_id, reason="sair", at=now())
        self.out.add(contact_id)

    def step(self) -> None:
        usual = [self.send] * 6 + [self.wake_up] * 2
        self.dice.choice(
            [*usual, self.lapse, self.rearrange, self.leave_out, self.report, self.echo, self.decide, self.quit]
        )()
        campaign = self.fresh()
        assert not (campaign.archived_at and campaign.state == CampaignState.RUNNING)

    def end(self) -> None:
        """Let everything that is left find its end."""
        Channel.objects.update(state=ChannelState.CONNECTED)
        while self.late:
            self.wake_up()
        for _ in range(200):
            if self.fresh().state == CampaignState.PAUSED:
                lifecycle.resume(self.campaign)
            if self.fresh().state == CampaignState.COMPLETED:
                return
            self.send()
            self.leave_out()
            while self.late:
                self.wake_up()
            self.lapse()
        raise AssertionError(Counter(self.rows().values_list("state", flat=True)))


@pytest.mark.parametrize("seed", [f"life {number}" for number in range(12)])
def test_no_life_of_a_campaign_writes_twice_and_each_comes_to_an_end(
    in_acme: Organization, make_campaign: Any, make_channel: Any, seed: str
) -> None:
    channels = [make_channel("Um"), make_channel("Dois"), make_channel("Reserva", role="standby")]
    life = Life(seed, in_acme, lifecycle.start(make_campaign(PEOPLE, channels=channels)))
    for _ in range(STEPS):
        life.step()
    life.end()
    assert not life.rows(state__in=["queued", "sending"]).exists()
    assert set(life.rows(external_id__isnull=False).values_list("contact_id", flat=True)) <= set(life.left)
    assert not [row for row in life.rows(state="failed", external_id=None) if life.left[row.contact_id]]
