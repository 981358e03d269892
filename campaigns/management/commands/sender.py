from typing import Any

from django.core.management.base import BaseCommand

from campaigns.sender.loop import run_sender


class Command(BaseCommand):
    help = "Sends campaigns. Any number of these may run, on any number of machines."

    def handle(self, *args: Any, **options: Any) -> None:
        run_sender()
