"""The sender process: looks each second which channels have work and drives those that nobody else drives."""

import asyncio
import contextlib
import logging
import random
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import aiohttp
import orjson
import uvloop
from django.db import DatabaseError, InterfaceError, connection
from redis.exceptions import RedisError

from campaigns.sender.database import Database
from campaigns.sender.drain import Drain
from campaigns.sender.due import Facts, find_due, look
from campaigns.services.bell import bell_channel
from campaigns.services.sweeps import sweep_numbers, sweep_sending
from campaigns.services.transitions import tell
from core.addresses import guarded_socket
from core.redis import async_redis_client

logger = logging.getLogger(__name__)

CONNECTIONS = 16
MAX_DRAINS = 200
TICK_SECONDS = 1.0
SWEEP_SECONDS = 2.0
ARRANGE_SECONDS = 3.0
AGAIN_SECONDS = 0.05
"""Until the next look when more is due than was started."""
SHARE_SECONDS = 0.25
REST_SECONDS = 10.0
"""How long a channel that may not send (quiet hours, cap) is not looked at again."""
LAST_SENDS_SECONDS, LAST_WRITES_SECONDS = 12.0, 4.0
"""How long a process that is told to end waits for answers, and then for the database; supervisors kill after 20 s."""
BELL_SECONDS = 5.0


class Engine:
    """One process of the sender; implements :class:`campaigns.sender.drain.Shared`."""

    def __init__(self, connections: int = CONNECTIONS) -> None:
        self.connections = connections
        self.database = Database()
        self.session: aiohttp.ClientSession
        self._stop, self._bell = asyncio.Event(), asyncio.Event()
        self._drains: dict[UUID, asyncio.Task[None]] = {}
        self._running: dict[UUID, Drain] = {}
        self._resting: dict[UUID, float] = {}
        self._crowded = False
        self._next_stream_at = 0.0
        self._touched: set[tuple[UUID, UUID]] = set()
        self._bells = ThreadPoolExecutor(1, thread_name_prefix="sender-live")

    # ---- What the drains ask --------------------------------------------------------------------------------------------------

    def window(self) -> int:
        """Return how many sends one streaming channel may have under way: its share of the connections."""
        streaming = sum(1 for drain in self._running.values() if drain.is_streaming())
        return max(2, self.connections // max(1, streaming))

    def is_crowded(self) -> bool:
        return self._crowded

    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def touch(self, organization_id: UUID, campaign_id: UUID) -> None:
        """Remember that the pages of a campaign have something new to show; they are told at most once a second."""
        self._touched.add((organization_id, campaign_id))

    # ---- The process --------------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Begin nothing more; what is under way is finished."""
        self._stop.set()
        self._bell.set()

    async def run(self) -> None:
        async with open_session() as self.session:
            helpers = [
                asyncio.create_task(self._again(work))
                for work in (self._sweep, self._arrange, self._tell, self._listen)
            ]
            try:
                await self._look_on()
            finally:
                for helper in helpers:
                    helper.cancel()
                await self._finish()

    async def _look_on(self) -> None:
        while not self._stop.is_set():
            more = False
            try:
                more = await self._pass()
            except (DatabaseError, InterfaceError):
                logger.warning("the database does not answer; looking again", exc_info=True)
            self._bell.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), AGAIN_SECONDS if more else TICK_SECONDS)

    async def _pass(self) -> bool:
        """Start what is due; return whether more is due than was started.

        Channels without a pace are taken one at a time, and the more a process drives, the longer it leaves the next one
        to the others.
        """
        at = asyncio.get_running_loop().time()
        self._resting = {channel: until for channel, until in self._resting.items() if until > at}
        due = await self.database.run(None, partial(find_due, [*self._drains, *self._resting], TICK_SECONDS))
        free = MAX_DRAINS - len(self._drains)
        self._crowded = len(due) > free
        if not self._crowded:
            random.shuffle(due)  # processes that look at the same moment should not all try the same channel
        more = False
        for channel_id, organization_id in due[:free]:
            facts = await self._look_at(channel_id, organization_id)
            if facts is None or not facts.may_send:
                self._resting[channel_id] = at + REST_SECONDS
            elif facts.gap_seconds:
                self._start(channel_id, organization_id)
            elif more or at < self._next_stream_at:
                more = True
            else:
                self._start(channel_id, organization_id)
                self._next_stream_at = at + SHARE_SECONDS * len(self._running)
        return more

    async def _look_at(self, channel_id: UUID, organization_id: UUID) -> Facts | None:
        try:
            return await self.database.run(None, partial(look, channel_id, organization_id))
        except (DatabaseError, InterfaceError):
            raise
        except Exception:  # whatever is wrong with one number, the others go on
            logger.exception("channel cannot be read", extra={"channel": str(channel_id)})
            return None

    def _start(self, channel_id: UUID, organization_id: UUID) -> None:
        drain = Drain(self, channel_id, organization_id)
        self._running[channel_id] = drain
        self._drains[channel_id] = asyncio.create_task(self._drive(drain))

    async def _drive(self, drain: Drain) -> None:
        at = asyncio.get_running_loop().time
        try:
            if not await drain.run():
                self._next_stream_at = at()  # another process was quicker: nothing was taken
        except (
            Exception
        ):  # one channel's trouble must not end the others; claims that stay lapse into "unknown" and show
            logger.exception("channel stopped", extra={"channel": str(drain.channel_id)})
            self._resting[drain.channel_id] = at() + TICK_SECONDS
        finally:
            del self._drains[drain.channel_id], self._running[drain.channel_id]
            if self._crowded:
                self._bell.set()

    async def _finish(self) -> None:
        if self._drains:
            await asyncio.wait(self._drains.values(), timeout=LAST_SENDS_SECONDS)
        for drain in self._running.values():
            logger.warning(
                "ended with sends under way", extra={"channel": str(drain.channel_id), "sends": drain.under_way}
            )
            drain.abandon()
        if self._drains:
            await asyncio.wait(self._drains.values(), timeout=LAST_WRITES_SECONDS)
        for task in self._drains.values():
            task.cancel()  # only a database that does not answer comes to this; what is not written lapses
        await asyncio.get_running_loop().run_in_executor(self._bells, _hang_up)
        self._bells.shutdown(wait=False)
        await asyncio.to_thread(self.database.close)

    # ---- Beside the drains ----------------------------------------------------------------------------------------------------------

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work each second; an error of one round must not end it."""
        while True:
            try:
                await work()
            except Exception:  # whatever it was, the next round may go well; it is logged each time
                logger.exception("a round of the sender failed", extra={"work": work.__name__})
            await asyncio.sleep(TICK_SECONDS)

    async def _sweep(self) -> None:
        await self.database.run(None, sweep_sending)
        await asyncio.sleep(SWEEP_SECONDS - TICK_SECONDS)

    async def _arrange(self) -> None:
        await self.database.run(None, sweep_numbers)
        await asyncio.sleep(ARRANGE_SECONDS - TICK_SECONDS)

    async def _tell(self) -> None:
        touched, self._touched = self._touched, set()
        if touched:
            await asyncio.get_running_loop().run_in_executor(self._bells, _tell_all, touched)

    async def _listen(self) -> None:
        """Wake at the bell. Without Redis the second's tick finds everything too."""
        client = async_redis_client(blocking_seconds=BELL_SECONDS)
        try:
            async with client.pubsub() as bells:
                await bells.subscribe(bell_channel())
                while True:
                    if await bells.get_message(ignore_subscribe_messages=True, timeout=BELL_SECONDS):
                        self._resting.clear()
                        self._bell.set()
        except (RedisError, OSError):
            logger.info("no bell: Redis does not answer")
        finally:
            await client.aclose()  # type: ignore[attr-defined]  # the stubs are older than the library


def open_session() -> aiohttp.ClientSession:
    """Return a session for sends: no cookies, no proxies, only allowed addresses, connections shorter than the gateways' own.

    A gateway closes an idle connection after 5 s (Node's default). Ours go after 4, or a send could meet a connection that
    is just being closed, and nobody would know whether it left.
    """
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4, ttl_dns_cache=30, socket_factory=guarded_socket)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        json_serialize=lambda value: orjson.dumps(value).decode(),
    )


def _hang_up() -> None:
    connection.close()  # this thread's own


def _tell_all(touched: set[tuple[UUID, UUID]]) -> None:
    for organization_id, campaign_id in touched:
        tell(organization_id, campaign_id)


def run_sender(connections: int = CONNECTIONS) -> None:
    """Send until told to stop; what is under way is finished first."""
    uvloop.run(_main(connections))


async def _main(connections: int) -> None:
    engine = Engine(connections)
    loop = asyncio.get_running_loop()
    stop: Callable[[], None] = engine.stop
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await engine.run()
