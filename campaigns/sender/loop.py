"""The sender process: each second it looks which channels have work and drives every one that nobody else drives."""

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import aiohttp
import uvloop
from django.db import close_old_connections
from django.db.utils import OperationalError

from campaigns.models import CampaignState
from campaigns.sender import rows
from campaigns.sender.drain import CONNECTIONS, ChannelDrain
from campaigns.sender.work import ChannelWork, channels_with_work, finish_campaigns
from campaigns.services.lifecycle import tell_pages
from core.clock import now
from core.live import signal as tell
from core.tenancy import across_organizations

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
DRAIN_SECONDS = 30.0


def run_sender() -> None:
    """Send until told to stop; what is under way is finished first."""
    uvloop.run(_main())


async def _main() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sender-db")
    driving: dict[object, asyncio.Task[None]] = {}
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=CONNECTIONS * 4, keepalive_timeout=30)
    async with aiohttp.ClientSession(connector=connector) as session:
        while not stop.is_set():
            try:
                for work in await loop.run_in_executor(pool, _tick):
                    task = driving.get(work.channel_id)
                    if task is None or task.done():
                        driving[work.channel_id] = asyncio.create_task(_drive(ChannelDrain(work, session, pool, stop)))
            except OperationalError:
                logger.warning("the database does not answer; trying again", exc_info=True)
            idle = not any(not task.done() for task in driving.values())
            pause = TICK_SECONDS if idle else TICK_SECONDS / 4
            await _sleep(stop, pause)
        await asyncio.wait([*driving.values(), asyncio.create_task(asyncio.sleep(0))], timeout=DRAIN_SECONDS)
    pool.shutdown()


async def _drive(drain: ChannelDrain) -> None:
    try:
        await drain.run()
    except Exception:  # one channel's trouble must not end the sender; its claims lapse into "unknown" and are shown
        logger.exception("channel stopped", extra={"channel": str(drain.work.channel_id)})


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _tick() -> list[ChannelWork]:
    close_old_connections()
    with across_organizations():
        sweep(now())
        return channels_with_work(now())


def sweep(at: datetime) -> None:
    """Settle what dead senders left and complete what is done. Needs all organizations visible."""
    for organization_id, campaign_id in rows.lapse():
        tell(organization_id, f"campaign:{campaign_id}")
    for campaign in finish_campaigns():
        model = type(campaign)
        done = model.objects.filter(pk=campaign.pk, state=CampaignState.RUNNING)
        if done.update(state=CampaignState.COMPLETED, finished_at=at):
            tell_pages(campaign)
