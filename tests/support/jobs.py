"""The hand-cranked clockwork of the tests: runs what workers would run, here and now."""

from contextlib import suppress

from django.db import connection
from rq.exceptions import InvalidJobOperation

from core.jobs import QUEUES, queue, run_job
from sagas.outbox import deliver_due


def drain(rounds: int = 50) -> None:
    """Deliver due events and run enqueued jobs until nothing is left."""
    for _ in range(rounds):
        _run_commit_hooks()
        if not deliver_due() + _run_queued():
            return
    raise AssertionError("work never became quiet")


def forget_jobs() -> None:
    """Drop what processes of a test have enqueued and nobody has run: its rows go with the test."""
    for name in QUEUES:
        queue(name).empty()


def _run_commit_hooks() -> None:
    # Tests that run inside one transaction never commit: what waits for the commit is called by hand.
    while connection.in_atomic_block and connection.run_on_commit:
        hooks, connection.run_on_commit = connection.run_on_commit, []
        for _savepoints, hook, _robust in hooks:
            hook()


def _run_queued() -> int:
    ran = 0
    for name in QUEUES:
        rq_queue = queue(name)
        for job in rq_queue.get_jobs():
            rq_queue.remove(job)
            run_job(**job.kwargs)
            with suppress(InvalidJobOperation):  # a server of the test has put the same bell in line again meanwhile
                job.delete()
            ran += 1
    return ran
