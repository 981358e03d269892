"""Run a step no longer than it may take: the driver always gets control back."""

import contextvars
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")
AGAIN_SECONDS = 1.0


class OverrunError(BaseException):
    """The step took longer than it may. Not an ``Exception``, so that no step takes it for one of its own failures."""


def run_within(seconds: float, function: Callable[[], T]) -> T:
    """Call the function; raise :class:`OverrunError` once the seconds are over.

    In the main thread, as in workers, a timer interrupts it wherever it is. Elsewhere it runs in a thread of its own,
    which is left to itself when it overruns: its late answer reaches nobody.
    """
    if threading.current_thread() is threading.main_thread():
        return _interrupted(seconds, function)
    return _abandoned(seconds, function)


def _interrupted(seconds: float, function: Callable[[], T]) -> T:
    with _alarm() as alarm:
        try:
            try:
                alarm.start(seconds)
                return function()
            finally:
                alarm.is_armed = False
        except OverrunError:
            alarm.is_armed = False
            # What was interrupted may have been a query: its connection would be out of step.
            if not connection.in_atomic_block:
                connection.close()
            raise


class _Alarm:
    is_armed = False

    def start(self, seconds: float) -> None:
        self.is_armed = True
        # Again and again: a step that swallows the first interruption gets another.
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)

    def ring(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_armed:
            raise OverrunError


@contextmanager
def _alarm() -> Iterator[_Alarm]:
    """Borrow the process's one timer, which RQ uses for the time limit of its jobs, and give it back."""
    alarm = _Alarm()
    began = time.monotonic()
    previous = signal.signal(signal.SIGALRM, alarm.ring)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield alarm
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        if remaining:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, remaining - (time.monotonic() - began)), interval)


def _abandoned(seconds: float, function: Callable[[], T]) -> T:
    answer: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            answer.append(function())
        except BaseException as error:  # handed to the driver, which is another thread
            failure.append(error)
        finally:
            if connection.connection is not None:
                connection.close()

    context: Any = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name="saga-step", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not answer:
        raise OverrunError
    return answer[0]
