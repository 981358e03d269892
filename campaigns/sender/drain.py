"""One channel being drained: claim, send, settle, at the channel's pace, for one slice of time."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
from django.db import close_old_connections
from django.db.models import F
from zoneinfo import ZoneInfo

from accounts.models import Organization
from billing.services import messages_per_minute, release_messages, reserve_messages
from campaigns.models import Campaign, CampaignState
from campaigns.sender import rows
from campaigns.sender.outcomes import settlement, unsent
from campaigns.sender.settling import settle_batch
from campaigns.sender.work import ChannelWork
from campaigns.services.lifecycle import pause
from core.clock import now
from core.crashpoints import crashpoint
from core.ratelimit import check
from core.tenancy import activate_organization
from gateways import leases, number_checks, pacing
from gateways.contract import OutgoingMessage, Outcome, SendResult
from gateways.models import Channel
from gateways.registry import get_adapter
from gateways.services.sending import note_result
from gateways.services.simulation import simulator_port
from gateways.transport.aio import arun

logger = logging.getLogger(__name__)

T = TypeVar("T")
SLICE_SECONDS = 5.0
CHANNEL_LEASE_SECONDS = 60
CONNECTIONS = 16
BATCH = 100
SETTLE_EVERY = 0.25


class ChannelDrain:
    """Drains one channel until its slice ends or it has to wait."""

    def __init__(self, work: ChannelWork, session: aiohttp.ClientSession, pool: ThreadPoolExecutor, stop: asyncio.Event):
        self.work, self.session, self.pool, self.stop = work, session, pool, stop
        self.ends = time.monotonic() + SLICE_SECONDS
        self.ended: list[rows.Settlement] = []
        self.halted = False

    async def run(self) -> None:
        """Take the channel, work for a slice and give it back."""
        lease = await self._db(lambda: leases.take(self.work.channel_id, CHANNEL_LEASE_SECONDS))
        if lease is None:
            return
        try:
            self.channel, self.zone = await self._db(self._load)
            self.adapter = get_adapter(self.channel.provider)
            self.config = self.adapter.config_model.model_validate(self.channel.config)
            self.port = simulator_port(self.channel)
            if pacing.pace_of(self.channel, now()).max_gap > timedelta(0):
                await self._paced()
            else:
                await self._stream()
        finally:
            await self._settle()
            await self._db(lambda: leases.release(lease))

    async def _paced(self) -> None:
        while not self._over():
            wait = await self._db(lambda: pacing.wait_of(self._load()[0], now(), self.zone))
            if wait is not None:
                seconds = (wait.until - now()).total_seconds() if wait.until else SLICE_SECONDS
                if wait.code != "gap" or seconds > self.ends - time.monotonic():
                    return
                await asyncio.sleep(max(0.0, seconds))
                continue
            claimed = await self._db(lambda: self._claim(1))
            if not claimed:
                return
            await self._db(self._note_send)
            await self._send(claimed[0], time.monotonic())
            await self._settle()

    async def _stream(self) -> None:
        queue: asyncio.Queue[tuple[rows.Claimed, float] | None] = asyncio.Queue()
        senders = [asyncio.create_task(self._sender(queue)) for _ in range(CONNECTIONS)]
        settler = asyncio.create_task(self._settler())
        try:
            while not self._over():
                if queue.qsize() >= CONNECTIONS:
                    await asyncio.sleep(0.005)
                    continue
                noted = time.monotonic()
                claimed = await self._db(lambda: self._claim(BATCH))
                if not claimed:
                    break
                for one in claimed:
                    queue.put_nowait((one, noted))
        finally:
            for _sender in senders:
                queue.put_nowait(None)
            await asyncio.gather(*senders)
            settler.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await settler

    async def _sender(self, queue: "asyncio.Queue[tuple[rows.Claimed, float] | None]") -> None:
        while (item := await queue.get()) is not None:
            await self._send(*item)

    async def _settler(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_EVERY)
            await self._settle()

    async def _send(self, claimed: rows.Claimed, noted: float) -> None:
        late = time.monotonic() - noted > rows.LEASE_SECONDS / 2
        if late or self.halted or self.stop.is_set():
            # What was not started within half the lease may be another's by the time it would leave.
            self.ended.append(unsent(claimed))
            return
        crashpoint("send.claimed")
        message = OutgoingMessage(claimed.phone, claimed.body, self.chat_ids.get(claimed.phone, ""))
        try:
            result = await arun(self.adapter.send(self.config, message), self.session, simulator=self.port)
        except Exception as error:  # whatever an adapter did not foresee leaves the outcome in doubt, never unrecorded
            logger.exception("send failed")
            result = SendResult(Outcome.UNKNOWN, code="error", detail=str(error)[:300])
        crashpoint("send.answered")
        self.ended.append(settlement(claimed, result))
        await self._learn(claimed, result)

    async def _learn(self, claimed: rows.Claimed, result: SendResult) -> None:
        if result.outcome in {Outcome.CHANNEL_DOWN, Outcome.LATER}:
            if not self.halted:
                self.halted = True
                await self._db(lambda: note_result(self.channel, claimed.phone, result))
        elif result.outcome is Outcome.SENT and result.chat_id and self.chat_ids.get(claimed.phone) != result.chat_id:
            self.learnt[claimed.phone] = result.chat_id
        elif result.outcome is Outcome.INVALID_NUMBER:
            self.learnt[claimed.phone] = None

    async def _settle(self) -> None:
        ended, self.ended = self.ended, []
        learnt, self.learnt = getattr(self, "learnt", {}), {}
        if ended:
            await self._db(lambda: settle_batch(self.channel, ended))
            crashpoint("send.settled")
        if learnt and self.adapter.is_paced:
            await self._db(lambda: number_checks.remember(self.channel.pk, learnt))

    def _over(self) -> bool:
        return self.halted or self.stop.is_set() or time.monotonic() >= self.ends

    # ---- In the database thread, inside the organization ---------------------------------------------------------------

    async def _db(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.pool, self._inside, function)

    def _inside(self, function: Callable[[], T]) -> T:
        close_old_connections()
        with activate_organization(self.work.organization_id):
            return function()

    def _load(self) -> tuple[Channel, str]:
        channel = Channel.objects.get(pk=self.work.channel_id)
        return channel, Organization.objects.values_list("timezone", flat=True).get(pk=self.work.organization_id)

    def _claim(self, count: int) -> list[rows.Claimed]:
        channel = self._load()[0]
        at = now()
        if (wait := pacing.wait_of(channel, at, self.zone)) and wait.code != "gap":
            return []
        left = pacing.remaining_today(channel, at, self.zone)
        count = min(count, left) if left is not None else count
        count = self._within_minute(count)
        grant = reserve_messages(self.work.organization_id, count, at=at) if count else None
        if grant is None or grant.granted == 0:
            self._stopped_by_plan(grant)
            return []
        claimed = rows.claim(
            organization_id=self.work.organization_id,
            channel_id=self.work.channel_id,
            campaign_ids=self.work.campaign_ids,
            alive=self._alive(),
            count=grant.granted,
        )
        day = at.astimezone(ZoneInfo(self.zone)).date()
        release_messages(self.work.organization_id, grant.granted - len(claimed), day=day)
        self._count_today(channel, len(claimed), day)
        self.chat_ids = number_checks.chat_ids(channel.pk, [c.phone for c in claimed]) if self.adapter.is_paced else {}
        return claimed

    def _within_minute(self, count: int) -> int:
        limit = messages_per_minute(self.work.organization_id)
        if limit is None:
            return count
        for wanted in (count, 10, 1):
            key = str(self.work.organization_id)
            if wanted <= count and check("send", key, limit=limit, period=60, cost=wanted).allowed:
                return wanted
        return 0

    def _stopped_by_plan(self, grant: Any) -> None:
        if grant is None:
            return
        for campaign in Campaign.objects.filter(pk__in=self.work.campaign_ids, state=CampaignState.RUNNING):
            pause(campaign, reason=f"plan:{grant.reason}")

    def _alive(self) -> list[Any]:
        return list(Channel.objects.filter(state="connected", removed_at=None).values_list("pk", flat=True))

    def _count_today(self, channel: Channel, count: int, day: Any) -> None:
        if count:
            rows_ = Channel.objects.filter(pk=channel.pk)
            if not rows_.filter(sent_on=day).update(sent_today=F("sent_today") + count):
                rows_.update(sent_on=day, sent_today=count)

    def _note_send(self) -> None:
        at = now()
        gap = pacing.pace_of(self.channel, at).gap()
        Channel.objects.filter(pk=self.channel.pk).update(last_sent_at=at, next_send_at=at + gap)
