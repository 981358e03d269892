"""The sender's road to the database: a few threads, each with a connection of its own, so that the loop never waits."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    connection,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper

from core.tenancy import across_organizations, activate_organization

logger = logging.getLogger(__name__)

T = TypeVar("T")
THREADS = 4
RETRY_SECONDS = 0.5
CONTENT = (DataError, IntegrityError, ProgrammingError)
REFUSALS = 3


class Database:
    """Runs functions in the threads, inside one organization or, for sweeps, across all of them."""

    def __init__(self) -> None:
        self._connections: set[BaseDatabaseWrapper] = set()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sender-db", initializer=self._register)

    def _register(self) -> None:
        self._connections.add(connections[DEFAULT_DB_ALIAS])

    async def run(self, organization_id: UUID | None, function: Callable[[], T]) -> T:
        """Return what the function returns. After an error of the database the thread's connection is opened anew."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _inside, organization_id, function)

    async def insist(self, organization_id: UUID | None, function: Callable[[], T]) -> T:
        """As :meth:`run`, again and again until the database is back; the function must be safe to run twice.

        What the database refuses for its content is tried thrice, as another's row may have been in the way, and then raised.
        """
        refusals = 0
        while True:
            try:
                return await self.run(organization_id, function)
            except (DatabaseError, InterfaceError) as error:
                refusals += isinstance(error, CONTENT)
                if refusals == REFUSALS:
                    raise
                logger.warning("the database did not take a result; trying again", exc_info=True)
                await asyncio.sleep(RETRY_SECONDS)

    def within(self, organization_id: UUID) -> "Lane":
        """Return the lane of one organization."""
        return Lane(self, organization_id)

    def close(self) -> None:
        """Let the threads end and close their connections."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for opened in self._connections:
            opened.inc_thread_sharing()  # its own thread is gone
            opened.close()


@dataclass(frozen=True)
class Lane:
    """The road as one organization may use it."""

    database: Database
    organization_id: UUID

    async def run(self, function: Callable[[], T]) -> T:
        """As :meth:`Database.run`."""
        return await self.database.run(self.organization_id, function)

    async def insist(self, function: Callable[[], T]) -> T:
        """As :meth:`Database.insist`."""
        return await self.database.insist(self.organization_id, function)


def _inside(organization_id: UUID | None, function: Callable[[], T]) -> T:
    try:
        with across_organizations() if organization_id is None else activate_organization(organization_id):
            return function()
    except (DatabaseError, InterfaceError):
        connection.close()
        raise
