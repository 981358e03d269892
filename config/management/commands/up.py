import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.embedded import release_services, stop_services
from config.guardian import Guardian
from config.supervisor import Process, Supervisor, program


class Command(BaseCommand):
    help = "Starts the whole product on this machine and watches over it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PROSA_PORT", "8000")))
        parser.add_argument(
            "--data", default=os.environ.get("PROSA_DATA", ".data"), help="folder of the embedded servers"
        )
        parser.add_argument("--no-demo", action="store_true", help="no demonstration business on the first start")

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        wanted = {"PROSA_PORT": str(port), "PROSA_DATA": str(Path(options["data"]).resolve())}
        for number in (port, port + 1):
            _refuse_taken(number)
        if any(os.environ.get(name) != value for name, value in wanted.items()):
            # Settings read both from the environment, so the command begins again with them.
            release_services(settings.DATA_DIR)
            os.environ.update(wanted)
            os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the supervisor takes over
        demo = self._prepare(demo=not options["no_demo"])
        supervisor = Supervisor(_processes(port), {**os.environ, "PYTHONUNBUFFERED": "1"}, self._say)
        watching = self._guard(supervisor)
        try:
            supervisor.run(lambda: self._announce(port, demo))
        finally:
            supervisor.stopping.set()
            watching.join()
            if settings.EMBEDDED:
                stop_services(settings.DATA_DIR)
        self.stdout.write("Stopped. The data stays.")

    def _prepare(self, *, demo: bool) -> str:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("translations", "compile")
        call_command("collectstatic", interactive=False, verbosity=0)
        return str(call_command("create_demo")) if demo else ""

    def _guard(self, supervisor: Supervisor) -> threading.Thread:
        embedded = {name: name not in os.environ for name in ("DATABASE_URL", "REDIS_URL")}
        guardian = Guardian(settings.DATA_DIR, embedded["DATABASE_URL"], embedded["REDIS_URL"], self._say)
        thread = threading.Thread(target=guardian.watch, args=(supervisor.stopping,), daemon=True)
        thread.start()
        return thread

    def _say(self, line: str) -> None:
        self.stdout.write(line)

    def _announce(self, port: int, demo: str) -> None:
        address = f"http://localhost:{port}"
        for _attempt in range(240):
            try:
                with urllib.request.urlopen(f"{address}/health/ready", timeout=2) as answer:  # noqa: S310
                    if answer.status == 200:
                        break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        self.stdout.write(f"\n  Prosa is ready at {address}\n" + (f"  Demo log-in: {demo}\n" if demo else "")
                          + f"  Staff admin: {address}/{settings.ADMIN_PATH}/\n  Ctrl-C stops everything.\n")  # fmt: skip


def _processes(port: int) -> list[Process]:
    granian = [
        sys.executable,
        "-m",
        "granian",
        "--host",
        os.environ.get("PROSA_HOST", "127.0.0.1"),
        "--backlog",
        "2048",
    ]
    web = [
        "--interface",
        "wsgi",
        "--port",
        str(port),
        "--workers",
        "2",
        "--blocking-threads",
        "8",
        "--backpressure",
        "1024",
    ]
    live = ["--interface", "asginl", "--port", str(port + 1), "--workers", "1", "--backpressure", "4096"]
    return [
        Process("web", [*granian, *web, "config.wsgi:application"]),
        Process("live", [*granian, *live, "config.live:application"]),
        Process("worker", program("worker", "urgent", "default", "ingest", "sender", "bulk")),
        Process("worker-2", program("worker", "urgent", "ingest", "sender", "default")),
        Process("sender", program("sender")),
        Process("cron", program("cron")),
    ]


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken. Choose another pair with --port, e.g. bin/up --port 8100."
            ) from error
