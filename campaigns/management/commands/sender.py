from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from campaigns.sender.engine import CONNECTIONS, run_sender


class Command(BaseCommand):
    help = "Sends campaigns. Any number of these may run, on any number of machines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--connections", type=int, default=CONNECTIONS, help="sends under way at once in this process"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run_sender(options["connections"])
