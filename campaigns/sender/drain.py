"""One channel being drained: claims ahead of its pace, a window of sends under way, results settled in batches."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol
from uuid import UUID

import aiohttp
from django.db import DatabaseError, InterfaceError

from campaigns.sender.claiming import Claimer
from campaigns.sender.claims import Claimed
from campaigns.sender.database import Database
from campaigns.sender.due import Facts
from campaigns.sender.endings import Endings
from campaigns.sender.launching import Launcher
from campaigns.sender.ledger import Ledger
from campaigns.sender.outcomes import NOT_THE_MESSAGE, Settlement, judge, unsent
from campaigns.sender.posting import ABANDONED, Post
from campaigns.sender.quota import MinuteSlots
from campaigns.sender.tempo import HOLD_SECONDS, REST, Tempo
from core.clock import now
from core.crashpoints import crashpoint
from core.ratelimit import LimitUnavailableError
from gateways.contract import Outcome, SendResult
from gateways.services.sending import note_result
from gateways.services.states import pause_until

logger = logging.getLogger(__name__)

CHANNEL_LEASE_SECONDS = 5.0
KEEP_SECONDS = 2.0
SLICE_SECONDS = 5.0
DOUBTS_BEFORE_REST = 5
INVALID = SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp")


class Shared(Protocol):
    """What the drains of one process share."""

    database: Database
    session: aiohttp.ClientSession

    def window(self) -> int: ...
    def is_crowded(self) -> bool: ...
    def is_stopping(self) -> bool: ...
    def touch(self, organization_id: UUID, campaign_id: UUID) -> None: ...


class Drain:
    """Drives one channel from taking its lease to giving it back; the loop of its process runs all of it.

    A :class:`Tempo` says how much is claimed and when, a :class:`Claimer` claims it, a :class:`Launcher` starts the sends, a
    :class:`Post` carries them, and :class:`Endings` has them written; the :class:`Ledger` is their side of the database.
    """

    def __init__(self, shared: Shared, channel_id: UUID, organization_id: UUID) -> None:
        self.shared, self.channel_id, self.organization_id = shared, channel_id, organization_id
        self.started_at = time.monotonic()
        self.stopping = ""
        self.doubts = 0
        self._is_open = self._is_noted = False
        self._lane = shared.database.within(organization_id)
        self._ledger = Ledger(organization_id, channel_id)
        self._endings = Endings(self._write)
        self._launcher = Launcher(self._send, self._give_back, lambda: self._tempo.window())
        self._wake = asyncio.Event()
        self._notes: set[asyncio.Task[None]] = set()

    def is_streaming(self) -> bool:
        """Whether the channel sends as fast as its gateway takes it, and so shares the process's connections."""
        return self._is_open and not self._tempo.facts.is_spaced

    @property
    def under_way(self) -> int:
        return self._launcher.under_way

    async def run(self) -> bool:
        """Drain until nothing is due, the channel must wait, or others want their turn; False if another sender has it."""
        if not await self._lane.run(partial(self._ledger.take, CHANNEL_LEASE_SECONDS)):
            return False
        try:
            facts = await self._lane.run(self._ledger.look)
            if facts.may_send:
                await self._lane.run(partial(self._open, facts))
                await self._work()
        finally:
            await self._lane.insist(self._ledger.release)
        return True

    def abandon(self) -> None:
        """Wait for no answer any more: what is under way is in doubt, and is written down as that."""
        self._launcher.abandon()

    # ---- The parts of a run ---------------------------------------------------------------------------------------------

    def _open(self, facts: Facts) -> None:
        self._ledger.open(facts.zone)
        slots = MinuteSlots(self.organization_id)
        self._tempo = Tempo(facts, slots.limit, self.shared.window)
        self._claimer = Claimer(self._lane, self._ledger, self._tempo, slots)
        self._post = Post(facts.channel, self.shared.session)
        self._is_open = True

    async def _work(self) -> None:
        keeper, settler = asyncio.create_task(self._keep()), asyncio.create_task(self._endings.run())
        try:
            await self._pump()
        finally:
            self._stop("done")
            await self._launcher.wait()
            while self._notes:
                await asyncio.wait(self._notes)
            self._endings.close()
            await settler
            await self._lane.insist(self._finish)
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    def _finish(self) -> None:
        self._ledger.finish(self._tempo.facts.campaigns if self._tempo.ran_dry else ())

    def _stop(self, reason: str) -> None:
        """Claim and begin nothing more, and give back what was not begun."""
        self.stopping = self.stopping or reason
        self._launcher.close()
        self._launcher.drop(lambda _row: True)

    # ---- Claiming -------------------------------------------------------------------------------------------------------

    async def _pump(self) -> None:
        while not self._is_over():
            if self._tempo.is_dry and not self._launcher.is_busy:
                return
            if (wait := self._tempo.seconds_to_claim(self._launcher.waiting, self._launcher.under_way)) > 0:
                if wait > HOLD_SECONDS and not self._launcher.is_busy:
                    return
                await self._pause(wait)
            else:
                await self._claim()

    def _is_over(self) -> bool:
        if self.stopping or self.shared.is_stopping():
            return True
        return time.monotonic() - self.started_at > SLICE_SECONDS and self.shared.is_crowded()

    async def _pause(self, seconds: float) -> None:
        # In small steps, so that a stop of the process is noticed.
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), min(seconds, 0.5))

    async def _claim(self) -> None:
        try:
            count, wait = await self._claimer.count(self._launcher.waiting)
        except LimitUnavailableError:
            self._stop("limit")  # without Redis nobody knows how much was sent in this minute, so nothing is
            return
        if count == 0:
            await self._pause(wait)
            return
        rows = await self._claimer.claim(count)
        for ready in rows:
            self.shared.touch(self.organization_id, ready.row.campaign_id)
            if ready.row.is_invalid:
                self._end(judge(ready.row, INVALID))
            else:
                self._launcher.add(ready)
        self._launcher.launch()
        if not rows:
            self._tempo.note_dry()

    # ---- Sending --------------------------------------------------------------------------------------------------------

    async def _send(self, row: Claimed) -> None:
        crashpoint("send.posting")
        began = time.monotonic()
        try:
            result = await self._post.send(row)
        except asyncio.CancelledError:
            self._end(judge(row, ABANDONED))
            raise
        crashpoint("send.answered")
        self._tempo.note_send(time.monotonic() - began)
        self._note(row, result)
        self._end(judge(row, result))
        self._wake.set()

    def _note(self, row: Claimed, result: SendResult) -> None:
        """Draw from an answer what it says of the number."""
        channel = self._tempo.facts.channel
        if result.outcome in NOT_THE_MESSAGE:
            self._stop_channel(partial(note_result, channel, row.phone, result))
        elif result.outcome is Outcome.UNKNOWN:
            self.doubts += 1
            self._insist(partial(note_result, channel, row.phone, result))
            if self._tempo.is_probing or self.doubts >= DOUBTS_BEFORE_REST:
                reason = f"{result.code}: {result.detail}".strip(": ")
                self._stop_channel(partial(pause_until, channel, now() + REST, reason))
        elif result.outcome is not Outcome.NOT_SENT:
            self.doubts, self._tempo.is_probing = 0, False
            if result.chat_id and result.chat_id not in {row.chat_id, row.phone}:
                self._endings.learn(row.phone, result.chat_id)

    def _stop_channel(self, note: Callable[[], None]) -> None:
        """Send nothing more through the channel, and keep why before anybody else may take it."""
        self._stop("trouble")
        if not self._is_noted:
            self._is_noted = True
            self._insist(note)

    def _insist(self, note: Callable[[], None]) -> None:
        task = asyncio.get_running_loop().create_task(self._keep_note(note))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _keep_note(self, note: Callable[[], None]) -> None:
        try:
            await self._lane.insist(note)
        except Exception:  # what a number answered is a hint; sends must be written all the same
            logger.exception("a note was not kept", extra={"channel": str(self.channel_id)})

    # ---- Settling -------------------------------------------------------------------------------------------------------

    def _end(self, settlement: Settlement) -> None:
        self._endings.add(settlement, at_once=self._tempo.is_spaced)

    def _give_back(self, row: Claimed) -> None:
        self._end(unsent(row))

    async def _write(self, batch: list[Settlement], chat_ids: dict[str, str]) -> None:
        try:
            await self._lane.insist(partial(self._ledger.settle, batch, chat_ids))
        except Exception:
            logger.exception("ends of sends were refused", extra={"channel": str(self.channel_id), "count": len(batch)})
            if len(batch) == 1:
                return  # its claim lapses into "unknown", where people see it
            for ended in batch:  # one that cannot be written must not take the others with it
                await self._write([ended], {})
        for ended in batch:
            self.shared.touch(self.organization_id, ended.claimed.campaign_id)

    # ---- Keeping --------------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Hold the lease, and notice what changes meanwhile: hours, pauses, caps, a number that went down.

        The last sends are waited for with the lease held: nobody else sends through the number beside them.
        """
        held = True
        while held:
            await asyncio.sleep(KEEP_SECONDS)
            try:
                held, facts = await self._lane.run(partial(self._ledger.hold, CHANNEL_LEASE_SECONDS))
            except (DatabaseError, InterfaceError):
                logger.warning("the channel's lease was not renewed", exc_info=True)
                continue
            self._learn(held, facts)

    def _learn(self, held: bool, facts: Facts) -> None:
        self._tempo.learn(facts)
        if not held or not facts.may_send:
            self._stop("waiting" if held else "lease")
        self._launcher.drop(lambda row: row.campaign_id not in facts.campaigns)
        self._wake.set()
