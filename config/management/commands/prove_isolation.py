from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.test import override_settings

from config.isolation.walk import METHODS, Report, prove
from config.isolation.world import build_world


class Rollback(Exception):  # noqa: N818  # it is no error: it takes the proof's rows away again
    """Ends the transaction of the proof."""


class Command(BaseCommand):
    help = "Tries every route as every kind of person and fails where another organization's data could be reached."

    def handle(self, *args: Any, **options: Any) -> None:
        report = self._prove()
        self.stdout.write(f"{report.routes} routes × {len(METHODS)} methods × 7 actors: {report.tries} tries")
        if report.failures:
            raise CommandError("\n".join(report.failures[:60]))
        self.stdout.write("No route lets an organization reach another's data.")

    def _prove(self) -> Report:
        report = Report()
        plain = {
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        }
        try:
            with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=plain), transaction.atomic():
                report = prove(build_world())
                raise Rollback
        except Rollback:
            return report
