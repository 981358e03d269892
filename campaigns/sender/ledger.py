"""What a drain asks of the database and writes into it: all of it runs in the database threads, inside the organization."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from campaigns.sender import claims
from campaigns.sender.claims import Claimed, Wish
from campaigns.sender.due import Facts, look
from campaigns.sender.official import claim_within_limit
from campaigns.sender.outcomes import Settlement
from campaigns.sender.quota import PlanQuota
from campaigns.sender.settling import remember_numbers, settle_batch
from campaigns.services.lifecycle import complete_if_done
from campaigns.services.plan import pause_for_plan
from conversations.services.marketing import STOPPED, heed_stops
from core.clock import local, now
from core.placeholders import greeting_at
from gateways import leases
from gateways.leases import Lease


class Ledger:
    """One channel's lease, the plan's messages that are reserved for it, its claims and how they ended.

    The order of calls: ``take``, ``look``, ``open``, then ``claim``, ``settle`` and ``hold`` as often as wanted, ``finish``,
    ``release``.
    """

    def __init__(self, organization_id: UUID, channel_id: UUID) -> None:
        self.organization_id, self.channel_id = organization_id, channel_id
        self._lease: Lease
        self._quota: PlanQuota

    def take(self, seconds: float) -> bool:
        """Take the channel unless another sender holds it."""
        lease = leases.take(self.channel_id, seconds)
        if lease is not None:
            self._lease = lease
        return lease is not None

    def hold(self, seconds: float) -> tuple[bool, Facts]:
        """Hold the channel longer; return whether it still was ours, and its newest facts."""
        return leases.renew(self._lease, seconds), self.look()

    def release(self) -> None:
        leases.release(self._lease)

    def look(self) -> Facts:
        return look(self.channel_id, self.organization_id)

    def open(self, zone: str) -> None:
        """Look up what the plan allows; ``zone`` says when its days begin."""
        self._quota = PlanQuota(self.organization_id, zone)

    def claim(self, facts: Facts, gaps: Sequence[float], ahead: float, token: UUID) -> tuple[list[Claimed], float]:
        """Claim at most one row for each of the ``gaps``, as :func:`claims.claim` does, within the plan.

        Campaigns whose plan allows no more are paused; people who may not be written to any more are left out.
        """
        allowed, reason = self._quota.ask(len(gaps))
        if allowed == 0:
            pause_for_plan(facts.campaigns, reason)
            return [], 0.0
        wish = Wish(
            organization_id=self.organization_id, channel_id=self.channel_id, lease=self._lease.token,
            campaigns=facts.campaigns, count=allowed, cap=facts.pace.own_cap, today=self._quota.day, gaps=gaps,
            ahead=ahead, greeting=greeting_at(local(now(), facts.zone)),
        )  # fmt: skip
        rows, delay = claim_within_limit(facts.channel, wish, token)
        self._quota.claimed(len(rows))
        if not rows:
            claims.skip_unsendable(facts.campaigns)
        return rows, delay

    def settle(self, batch: Sequence[Settlement], chat_ids: dict[str, str]) -> None:
        """Write how claims ended, and what they taught: the plan's rest, addresses of phones, who stopped advertising."""
        written = settle_batch(self.organization_id, self.channel_id, batch)
        for day, count in Counter(row.claimed.day for row in written).items():
            left = sum(1 for row in written if row.claimed.day == day and row.has_left)
            self._quota.settled(day, sent=left, unused=count - left)
        remember_numbers(self.channel_id, batch, chat_ids)
        heed_stops((row.claimed.contact_id, None) for row in batch if row.code == STOPPED)

    def finish(self, ran_dry: Iterable[UUID]) -> None:
        """Give back what was reserved and not used; campaigns in which nobody was in line any more may be complete."""
        self._quota.release()
        for campaign_id in ran_dry:
            complete_if_done(campaign_id)
