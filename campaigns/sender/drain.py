"""One channel being drained: claims ahead of its pace, a window of sends under way, results settled in batches."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID, uuid4

import aiohttp
from django.db import DatabaseError, InterfaceError

from campaigns.sender import claims
from campaigns.sender.claims import Claimed, Wish
from campaigns.sender.database import Database
from campaigns.sender.due import SPACED_SECONDS, Facts, look
from campaigns.sender.lookahead import AHEAD_SECONDS, MAX_BATCH, Lookahead
from campaigns.sender.official import claim_within_limit
from campaigns.sender.outcomes import NOT_THE_MESSAGE, Settlement, judge, unsent
from campaigns.sender.quota import MinuteSlots, PlanQuota
from campaigns.sender.settling import remember_numbers, settle_batch
from campaigns.sender.simulated import closing_port
from campaigns.services.lifecycle import complete_if_done
from campaigns.services.plan import pause_for_plan
from conversations.services.marketing import STOPPED, heed_stops
from core.clock import local, now
from core.crashpoints import crashpoint
from core.placeholders import greeting_at
from core.ratelimit import LimitUnavailableError
from gateways import leases
from gateways.contract import Adapter, Outcome, OutgoingMessage, SendResult
from gateways.leases import Lease
from gateways.official.services import approved
from gateways.official.texts import fitting
from gateways.registry import get_adapter
from gateways.services.sending import note_result
from gateways.services.states import pause_until
from gateways.transport.aio import arun

logger = logging.getLogger(__name__)

T = TypeVar("T")
CHANNEL_LEASE_SECONDS = 5.0
KEEP_SECONDS = 2.0
SLICE_SECONDS = 5.0
HOLD_SECONDS = 1.5
"""A drain waits this long at most with nothing to do; then it gives the channel back."""
DRY_SECONDS = 0.25
"""After a claim that found nothing, while sends are under way."""
LATE_SECONDS = 0.05
"""So much of a late claim's delay is made up for, which keeps the pace and is at most some sends more in one second."""
SETTLE_ROWS, SETTLE_SECONDS = 250, 0.25
ALONE_SECONDS = 0.3
"""With gaps from here on, one send at a time: two at once on a phone's number would not look like a person."""
DOUBTS_BEFORE_REST = 5
REST = timedelta(seconds=30)


class Shared(Protocol):
    """What the drains of one process share."""

    database: Database
    session: aiohttp.ClientSession

    def window(self) -> int: ...
    def is_crowded(self) -> bool: ...
    def is_stopping(self) -> bool: ...
    def touch(self, organization_id: UUID, campaign_id: UUID) -> None: ...


class _Ready(NamedTuple):
    row: Claimed
    start_at: float
    claimed_at: float


class Drain:
    """Drives one channel from taking its lease to giving it back. Everything but the ``_db_`` methods runs in the loop."""

    def __init__(self, shared: Shared, channel_id: UUID, organization_id: UUID) -> None:
        self.shared, self.channel_id, self.organization_id = shared, channel_id, organization_id
        self.started_at = time.monotonic()
        self._is_open = False
        self.stopping = ""
        self.in_flight = 0
        self.doubts = 0
        self.next_at = 0.0
        self.dry_until = 0.0
        self._lookahead = Lookahead()
        self._closing = False
        self._buffer: deque[_Ready] = deque()
        self._ended: list[Settlement] = []
        self._chat_ids: dict[str, str] = {}
        self._wake, self._settle_now = asyncio.Event(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sends: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def is_streaming(self) -> bool:
        """Whether the channel sends as fast as its gateway takes it, and so shares the process's connections."""
        return self._is_open and not self.facts.is_spaced

    async def run(self) -> bool:
        """Drain until nothing is due, the channel must wait, or others want their turn; False if another sender has it."""
        taken = await self._db(partial(leases.take, self.channel_id, CHANNEL_LEASE_SECONDS))
        if taken is None:
            return False
        self.lease: Lease = taken
        try:
            if await self._open():
                await self._work()
        finally:
            await self.shared.database.insist(self.organization_id, partial(leases.release, self.lease))
        return True

    def abandon(self) -> None:
        """Wait for no answer any more: what is under way is in doubt, and is written down as that."""
        for send in self._sends:
            send.cancel()

    # ---- The parts of a run ---------------------------------------------------------------------------------------------

    async def _open(self) -> bool:
        self._learn(await self._db(partial(look, self.channel_id, self.organization_id)))
        if not self.facts.may_send:
            return False
        channel = self.facts.channel
        self.adapter: Adapter = get_adapter(channel.provider)
        self.config = self.adapter.config_model.model_validate(channel.config)
        self.port = closing_port(channel)
        self.templates = await self._db(partial(approved, [channel.pk])) if self.adapter.sends_templates else []
        self.quota, self.slots = await self._db(self._db_quota)
        self.probing = channel.paused_until is not None and channel.paused_until > self.facts.at - 10 * REST
        self._is_open = True
        return True

    async def _work(self) -> None:
        keeper, settler = asyncio.create_task(self._keep()), asyncio.create_task(self._settle())
        try:
            await self._pump()
        finally:
            self.stopping = self.stopping or "done"
            self._drop(lambda _row: True)
            while self._tasks:
                await asyncio.wait(self._tasks)
            self._closing = True
            self._settle_now.set()
            await settler
            await self.shared.database.insist(self.organization_id, self._db_finish)
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    async def _pump(self) -> None:
        while not self._is_over():
            if self.dry_until > time.monotonic() and not self._is_busy():
                return
            if (wait := self._seconds_to_claim()) > 0:
                if wait > HOLD_SECONDS and not self._is_busy():
                    return
                await self._pause(wait)
            elif not await self._claim():
                self.dry_until = time.monotonic() + DRY_SECONDS

    def _is_over(self) -> bool:
        if self.stopping or self.shared.is_stopping():
            return True
        return time.monotonic() - self.started_at > SLICE_SECONDS and self.shared.is_crowded()

    def _is_busy(self) -> bool:
        return bool(self._buffer or self.in_flight)

    async def _pause(self, seconds: float) -> None:
        # In small steps, so that a stop of the process is noticed.
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), min(seconds, 0.5))

    # ---- How far ahead -----------------------------------------------------------------------------------------------------

    @property
    def _is_spaced(self) -> bool:
        return max(self.facts.gap_seconds, 60 / (self.slots.limit or 1e9)) >= SPACED_SECONDS

    @property
    def _ahead_seconds(self) -> float:
        return 0.0 if self._is_spaced else AHEAD_SECONDS

    def _window(self) -> int:
        if self.probing or self.facts.gap_seconds >= ALONE_SECONDS:
            return 1
        return self.shared.window()

    def _batch(self) -> int:
        """Return how many rows may be claimed now: of paced ones 150 ms, never more than 100."""
        if self._is_spaced or self.probing:
            return 1
        if self.facts.gap_seconds > 0:
            return min(MAX_BATCH, max(1, int(AHEAD_SECONDS / self.facts.gap_seconds)))
        return self._lookahead.batch(self._window())

    def _seconds_to_claim(self) -> float:
        if self._is_spaced or self.probing:
            if self._is_busy():
                return HOLD_SECONDS
        elif len(self._buffer) >= (
            max(1, self._batch() // 2) if self.facts.gap_seconds else self._lookahead.reserve(self._window())
        ):
            return HOLD_SECONDS
        return max(0.0, self.dry_until - time.monotonic(), self.next_at - time.monotonic() - self._ahead_seconds)

    # ---- Claiming ------------------------------------------------------------------------------------------------------------

    async def _claim(self) -> int:
        is_paced = self._is_spaced or self.facts.gap_seconds > 0
        count = self._batch() if is_paced else max(1, self._batch() - len(self._buffer))
        if self.slots.is_limited:
            count = await self._slots_for(count)
            if count == 0:
                return 1  # not dry: the slot is still to come
        claimed_at, token = time.monotonic(), uuid4()
        gaps = self._gaps(count)
        try:
            rows, delay = await self._db(partial(self._db_claim, count, gaps, token))
            self._lookahead.note_claim(time.monotonic() - claimed_at)
        except (DatabaseError, InterfaceError):
            # The claim may be committed although nobody said so. None of it was begun, so it can be given back.
            await self.shared.database.insist(self.organization_id, partial(claims.give_back, token))
            raise
        self._enqueue(rows, claimed_at, delay, gaps)
        return len(rows)

    async def _slots_for(self, count: int) -> int:
        try:
            wait = await self._db(partial(self.slots.first, count))
        except LimitUnavailableError:
            self.stopping = "limit"  # without Redis nobody knows how much was sent in this minute, so nothing is
            return 0
        if wait > self._ahead_seconds:
            await self._pause(wait)
            return 0
        return min(count, max(1, self.slots.within(self._ahead_seconds)))

    def _gaps(self, count: int) -> list[float]:
        gaps: list[float] = []
        total = 0.0
        for _ in range(count):
            total += self.facts.pace.gap().total_seconds() if self.facts.gap_seconds else 0.0
            gaps.append(total)
        return gaps

    def _enqueue(self, rows: list[Claimed], claimed_at: float, delay: float, gaps: list[float]) -> None:
        first = time.monotonic() + delay
        slots = self.slots.take(len(rows)) if self.slots.is_limited else []
        for index, row in enumerate(rows):
            self.shared.touch(self.organization_id, row.campaign_id)
            if row.is_invalid:
                self._end(judge(row, SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp")))
                continue
            paced = first + (gaps[index - 1] if index else 0.0)
            self._buffer.append(_Ready(row, max(paced, slots[index] if index < len(slots) else 0.0), claimed_at))
        if rows:
            self.next_at = first + gaps[len(rows) - 1]
        self._launch()

    def _drop(self, unwanted: Callable[[Claimed], bool]) -> None:
        """Give back what was claimed and not begun."""
        kept = deque(ready for ready in self._buffer if not unwanted(ready.row))
        for ready in self._buffer:
            if unwanted(ready.row):
                self._end(unsent(ready.row))
        self._buffer = kept

    # ---- Sending --------------------------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        loop = asyncio.get_running_loop()
        window = self._window()
        while self._buffer and self.in_flight < window and not self.stopping:
            ready, at = self._buffer[0], time.monotonic()
            if ready.start_at > at:
                if self._timer is None:
                    self._timer = loop.call_later(ready.start_at - at, self._ring)
                return
            self._buffer.popleft()
            if at - ready.claimed_at > claims.LEASE_SECONDS / 2:
                # By the time it would leave, the claim may have lapsed: we alone know that nothing was sent.
                self._end(unsent(ready.row))
                continue
            self.in_flight += 1
            task = loop.create_task(self._send(ready.row))
            for tasks in (self._tasks, self._sends):
                tasks.add(task)
                task.add_done_callback(tasks.discard)

    def _ring(self) -> None:
        self._timer = None
        self._launch()

    async def _send(self, row: Claimed) -> None:
        crashpoint("send.posting")
        began = time.monotonic()
        try:
            # An official number writes to people by its templates; what fits none goes as it is, for its provider to judge.
            template = fitting(self.templates, row.body) if self.templates else None
            message = OutgoingMessage(row.phone, row.body, row.chat_id, template=template)
            result = await arun(self.adapter.send(self.config, message), self.shared.session, simulator=self.port)
        except asyncio.CancelledError:  # abandoned: the process must end, and the answer finds nobody at home
            self.in_flight -= 1
            self._end(judge(row, SendResult(Outcome.UNKNOWN, code="no_answer", detail="the sender ended")))
            return
        except Exception as error:  # what nobody foresaw may have happened after bytes left: in doubt, never unrecorded
            logger.exception("send ended in an error", extra={"channel": str(self.channel_id)})
            result = SendResult(Outcome.UNKNOWN, code="error", detail=f"{type(error).__name__}: {error}"[:300])
        crashpoint("send.answered")
        self._lookahead.note_send(time.monotonic() - began)
        self.in_flight -= 1
        self._note(row, result)
        self._end(judge(row, result))
        self._launch()
        self._wake.set()

    def _note(self, row: Claimed, result: SendResult) -> None:
        if result.outcome in NOT_THE_MESSAGE:
            self._stop_channel(partial(note_result, self.facts.channel, row.phone, result))
        elif result.outcome is Outcome.UNKNOWN:
            self.doubts += 1
            self._insist(partial(note_result, self.facts.channel, row.phone, result))
            if self.probing or self.doubts >= DOUBTS_BEFORE_REST:
                reason = f"{result.code}: {result.detail}".strip(": ")
                self._stop_channel(partial(pause_until, self.facts.channel, now() + REST, reason))
        elif result.outcome is not Outcome.NOT_SENT:
            self.doubts, self.probing = 0, False
            if result.chat_id and result.chat_id not in {row.chat_id, row.phone}:
                self._chat_ids[row.phone] = result.chat_id

    def _stop_channel(self, note: Callable[[], None]) -> None:
        """Send nothing more through the channel, and keep why before anybody else may take it."""
        if self.stopping:
            return
        self.stopping = "trouble"
        self._drop(lambda _row: True)
        self._insist(note)

    def _insist(self, note: Callable[[], None]) -> None:
        task = asyncio.get_running_loop().create_task(self.shared.database.insist(self.organization_id, note))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- Settling -------------------------------------------------------------------------------------------------------------

    def _end(self, settlement: Settlement) -> None:
        self._ended.append(settlement)
        if self._is_spaced or len(self._ended) >= SETTLE_ROWS:
            self._settle_now.set()

    async def _settle(self) -> None:
        while self._ended or not self._closing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settle_now.wait(), SETTLE_SECONDS)
            if not self._closing:
                self._settle_now.clear()
            batch, self._ended = self._ended, []
            chat_ids, self._chat_ids = self._chat_ids, {}
            if batch:
                await self.shared.database.insist(self.organization_id, partial(self._db_settle, batch, chat_ids))
                for row in batch:
                    self.shared.touch(self.organization_id, row.claimed.campaign_id)

    # ---- Keeping --------------------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Hold the lease, and notice what changes meanwhile: hours, pauses, caps, a number that went down."""
        while not self.stopping:
            await asyncio.sleep(KEEP_SECONDS)
            try:
                held, facts = await self._db(self._db_keep)
            except (DatabaseError, InterfaceError):
                logger.warning("the channel's lease was not renewed", exc_info=True)
                continue
            self._learn(facts)
            if not held or not facts.may_send:
                self.stopping = self.stopping or ("lease" if not held else "waiting")
                self._drop(lambda _row: True)
            open_campaigns = set(facts.campaigns)
            self._drop(lambda row: row.campaign_id not in open_campaigns)  # noqa: B023  # it is called before the next round
            self._wake.set()

    def _learn(self, facts: Facts) -> None:
        self.facts = facts
        self.next_at = max(self.next_at, time.monotonic() + facts.seconds_to_next) if facts.gap_seconds else 0.0

    # ---- In the database threads, inside the organization ------------------------------------------------------------------

    async def _db(self, function: Callable[[], T]) -> T:
        return await self.shared.database.run(self.organization_id, function)

    def _db_quota(self) -> tuple[PlanQuota, MinuteSlots]:
        return PlanQuota(self.organization_id, self.facts.zone), MinuteSlots(self.organization_id)

    def _db_claim(self, count: int, gaps: list[float], token: UUID) -> tuple[list[Claimed], float]:
        facts = self.facts
        allowed, reason = self.quota.ask(count)
        if allowed == 0:
            pause_for_plan(facts.campaigns, reason)
            return [], 0.0
        wish = Wish(
            organization_id=self.organization_id, channel_id=self.channel_id, lease=self.lease.token,
            campaigns=facts.campaigns, count=allowed, cap=facts.pace.own_cap, today=facts.today, gaps=gaps,
            ahead=self._ahead_seconds, greeting=greeting_at(local(now(), facts.zone)),
        )  # fmt: skip
        rows, delay = claim_within_limit(facts.channel, wish, token)
        self.quota.claimed(len(rows))
        if not rows:
            claims.skip_unsendable(facts.campaigns)
        return rows, delay

    def _db_finish(self) -> None:
        self.quota.release()
        if self.dry_until:
            for campaign_id in self.facts.campaigns:
                complete_if_done(campaign_id)

    def _db_settle(self, batch: list[Settlement], chat_ids: dict[str, str]) -> None:
        written = settle_batch(self.organization_id, self.channel_id, batch, self.facts.today)
        left = sum(1 for row in written if row.has_left)
        self.quota.settled(left, len(written) - left)
        remember_numbers(self.channel_id, batch, chat_ids)
        heed_stops((row.claimed.contact_id, None) for row in batch if row.code == STOPPED)

    def _db_keep(self) -> tuple[bool, Facts]:
        held = leases.renew(self.lease, CHANNEL_LEASE_SECONDS)
        return held, look(self.channel_id, self.organization_id)
