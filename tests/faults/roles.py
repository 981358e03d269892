"""What else a forked process of a fault test can be: a worker, the clock that rings for recurring work, or one worker at one turn."""

from datetime import timedelta
from typing import Any

from config.management.commands.cron import Command as Cron
from conversations.services import backlog, send
from core.jobs import QUEUES, work
from gateways.registry import get_adapter
from sdr.registry import get_provider
from sdr.services import turns

# Loaded once, before the first fork: otherwise each child would import them anew, in the midst of a transaction.
get_adapter("waha")
get_provider("local")


def be_worker(options: dict[str, Any]) -> None:
    """Run the product's jobs, with leases that lapse within the patience of a test."""
    turns.LEASE_SECONDS = options.get("turn_lease", 3)
    send.LEASE_SECONDS = options.get("send_lease", 5)
    # What waited for a killed worker leaves as it comes; the pace of late answers has tests of its own.
    backlog.LATE = timedelta(hours=1)
    work(list(QUEUES))


def be_cron(options: dict[str, Any]) -> None:
    Cron().handle()


def be_at_turn(options: dict[str, Any]) -> None:
    """Be the worker that was told of one turn."""
    turns.LEASE_SECONDS = options.get("turn_lease", 1)
    turns.run_turn(organization_id=options["organization_id"], turn_id=options["turn_id"])
