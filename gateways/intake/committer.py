"""Group commit: the webhooks that reach a process at the same time share one transaction.

Each request waits until its own row is committed. While one INSERT is on its way the next ones gather, so that the
batch grows with the load by itself; where two have come at once a moment is given to those on their way, and a lone
webhook waits for nobody.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection

from gateways.intake.receipts import Address, NewReceipt, insert_receipts

logger = logging.getLogger(__name__)

BATCH = 250
FEW = 8
GATHER_SECONDS = 0.001
MOST_WAITING = 4_000
PATIENCE_SECONDS = 10.0
LOOK_AFTER_SECONDS = 30.0
CONNECTION_LOST = (OperationalError, InterfaceError)


class OverloadedError(Exception):
    """Too many webhooks wait to be committed, or the database takes too long; the provider should come again."""


class _Ticket:
    """A request that waits for its row. A bare lock: a future makes four objects and wakes twice, thousands of times a second."""

    __slots__ = ("_error", "_settled", "receipt")

    def __init__(self, receipt: NewReceipt) -> None:
        self.receipt = receipt
        self._error: Exception | None = None
        self._settled = threading.Lock()
        self._settled.acquire()

    def settle(self, error: Exception | None = None) -> None:
        self._error = error
        self._settled.release()

    def wait(self) -> None:
        if not self._settled.acquire(timeout=PATIENCE_SECONDS):
            raise OverloadedError
        if self._error is not None:
            raise self._error


class Committer:
    """Commits what requests hand in, from a thread and on a connection of its own."""

    def __init__(self, ring: Callable[[Iterable[Address]], None]) -> None:
        self._ring = ring
        self._waiting: list[_Ticket] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_open = True

    def store(self, receipt: NewReceipt) -> None:
        """Return once the webhook is committed; raise :class:`OverloadedError` or the database's error."""
        ticket = _Ticket(receipt)
        with self._changed:
            if len(self._waiting) >= MOST_WAITING or not self._is_open:
                raise OverloadedError
            self._waiting.append(ticket)
            if self._thread is None:
                # Started by the first webhook: the server has forked its workers by then.
                self._thread = threading.Thread(target=self._work, name="hook-committer", daemon=True)
                self._thread.start()
            self._changed.notify()
        ticket.wait()

    def close(self) -> None:
        """Commit what waits and end the thread."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        looked_after = time.monotonic()
        try:
            while batch := self._next_batch():
                if time.monotonic() - looked_after > LOOK_AFTER_SECONDS:
                    close_old_connections()
                    looked_after = time.monotonic()
                self._ring(self._commit(batch))
        finally:
            connection.close()

    def _next_batch(self) -> list[_Ticket]:
        with self._changed:
            while not self._waiting and self._is_open:
                self._changed.wait()
            is_busy = 1 < len(self._waiting) < FEW
        if is_busy:
            time.sleep(GATHER_SECONDS)
        with self._changed:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            return batch

    def _commit(self, batch: Sequence[_Ticket]) -> set[Address]:
        try:
            fresh = _insert([ticket.receipt for ticket in batch])
        except Exception as error:  # whatever it is, the requests wait for an answer and the thread must go on
            if isinstance(error, CONNECTION_LOST) or len(batch) == 1:
                logger.exception("webhooks not stored", extra={"count": len(batch)})
                for ticket in batch:
                    ticket.settle(error)
                return set()
            # One row that the database refuses must not take its neighbours along.
            return set().union(*(self._commit([one]) for one in batch))
        for ticket in batch:
            ticket.settle()
        return fresh


def _insert(receipts: Sequence[NewReceipt]) -> set[Address]:
    try:
        return insert_receipts(receipts)
    except CONNECTION_LOST:
        # The server closed an idle connection or was restarted: a second try counts a duplicate at worst.
        connection.close()
        return insert_receipts(receipts)
    except DatabaseError:
        connection.close_if_unusable_or_obsolete()
        raise


class Bells:
    """Rings for channels from a thread of its own, so that a slow Redis delays no webhook."""

    def __init__(self, ring: Callable[[Address], None]) -> None:
        self._ring = ring
        self._due: set[Address] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def __call__(self, addresses: Iterable[Address]) -> None:
        with self._changed:
            self._due |= set(addresses)
            if self._due and self._thread is None:
                self._thread = threading.Thread(target=self._work, name="hook-bells", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._due:
                    self._changed.wait()
                due, self._due = self._due, set()
            for address in due:
                try:
                    self._ring(address)
                except Exception:  # a lost bell is rung again by the sweep
                    logger.exception("bell lost", extra={"channel": str(address[1])})
