from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core.jobs import QUEUES, work


class Command(BaseCommand):
    help = "Runs background jobs of the named queues (all of them when none is named)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queues", nargs="*", default=list(QUEUES))
        parser.add_argument("--burst", action="store_true", help="stop when the queues are empty")

    def handle(self, *args: Any, **options: Any) -> None:
        work(options["queues"] or list(QUEUES), burst=options["burst"])
