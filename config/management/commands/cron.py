import logging
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand

from config.schedule import RECURRING

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Rings the recurring jobs listed in config/schedule.py."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        due = dict.fromkeys(range(len(RECURRING)), 0.0)
        while not stop.wait(0.2):
            now = time.monotonic()
            for index, recurring in enumerate(RECURRING):
                if due[index] <= now:
                    due[index] = now + recurring.seconds
                    recurring.job.enqueue(coalesce_key="cron")
