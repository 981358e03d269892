from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.test.utils import override_settings

from core.ids import uuid7
from core.tenancy import activate_organization
from sagas.demo import MARGIN, Stage, scenes
from sagas.journal import forget


class Command(BaseCommand):
    help = "Shows sagas at work: success, a failure at each step, a lost answer, a death in the middle, a stuck undo."

    def handle(self, *args: Any, **options: Any) -> None:
        organization = uuid7()
        with (
            TemporaryDirectory() as folder,
            override_settings(SAGA_LEASE_MARGIN_SECONDS=MARGIN, SAGA_FIRST_RETRY_SECONDS=0.05),
            activate_organization(organization),
        ):
            try:
                stage = Stage(Path(folder), self._say)
                broken = [one for number, scene in enumerate(scenes(), 1) for one in stage.play(number, scene)]
            finally:
                forget(organization)
        if broken:
            raise CommandError("Not as promised:\n" + "\n".join(broken))
        self._say("\nEvery effect happened once, and what had to be undone is undone.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
