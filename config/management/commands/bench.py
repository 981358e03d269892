import json
import os
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.embedded import stop_services

BENCHES = {
    "send": "campaigns.bench",
    "chaos": "campaigns.bench_chaos",
    "campaign_size": "campaigns.bench_size",
    "ingest": "gateways.bench",
    "import": "leads.bench",
    "inbox": "conversations.bench",
    "sdr": "sdr.bench",
    "panel": "sdr.bench_panel",
    "saga": "sagas.bench",
}
OFFICIAL = {"send": "campaigns.bench_official"}
OWN_DATA = "PROSA_BENCH_DATA"


class Command(BaseCommand):
    help = "Measures a goal beside its limit and its peer in the same run; prints one JSON object last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=sorted(BENCHES))
        parser.add_argument("--size", type=int)
        parser.add_argument("--official", action="store_true", help="send: four Cloud API numbers at Meta's own pace")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["official"] and options["name"] not in OFFICIAL:
            raise CommandError("Only send can be measured with official numbers.")
        if "DATABASE_URL" not in os.environ and OWN_DATA not in os.environ:
            # Embedded servers of its own, so that nothing that runs here disturbs the figures or is disturbed.
            os.environ[OWN_DATA] = os.environ["PROSA_DATA"] = tempfile.mkdtemp(prefix="prosa-bench-")
            os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606
        try:
            call_command("migrate", interactive=False, verbosity=0)
            load = os.getloadavg()[0]
            self.stderr.write(f"load average {load:.1f}, {os.cpu_count()} cores")
            bench = import_module((OFFICIAL if options["official"] else BENCHES)[options["name"]])
            result = bench.run(options["size"]) if options["size"] else bench.run()
        except ImportError as error:
            raise CommandError(f"This bench needs the packages of requirements-dev.txt: {error}") from error
        finally:
            if own := os.environ.get(OWN_DATA):
                stop_services(Path(own))
                shutil.rmtree(own)
        report = {"name": options["name"], "cores": os.cpu_count(), "load": round(load, 2), **result}
        self.stdout.write(json.dumps(report, default=str, indent=None if options["json"] else 2))
