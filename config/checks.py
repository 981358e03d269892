"""All checks of the project, in one readable list; ``bin/test`` without arguments runs them in this order."""

import os
import subprocess
import sys
import time
from pathlib import Path

PYTEST = [sys.executable, "-m", "pytest", "-q"]
COVERAGE = ["--cov", "--cov-report=term:skip-covered", "--cov-fail-under=90"]

CHECKS: list[tuple[str, list[str]]] = [
    ("format", ["ruff", "format", "--check", "--quiet", "."]),
    ("lint", ["ruff", "check", "."]),
    ("import contracts", ["lint-imports"]),
    ("types", ["mypy", "."]),
    ("templates", ["djlint", "templates", "--lint", "--quiet"]),
    ("migrations", [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]),
    ("translations", [sys.executable, "manage.py", "translations", "check"]),
    ("tests", [*PYTEST, "-m", "not browser and not fault", "-n", "auto", *COVERAGE]),
    # On their own: a browser keeps an event loop running. Each of the two drives a whole product and a Chromium.
    ("browser tests", [*PYTEST, "-m", "browser", "-n", "2", "--dist", "worksteal"]),
    # They wait more than they work: each worker has a database, a Redis and processes of its own to break.
    ("fault tests", [*PYTEST, "-m", "fault", "-n", "auto", "--dist", "worksteal"]),
]

LAST_LINES = 60


def main() -> int:
    """Run every check; return 1 when one failed, after all have run.

    On a terminal each check writes as it goes. Elsewhere its output goes to a file under ``.data/checks``, and what is
    printed stays short enough to be read whole: the verdict of each check, and the end of those that failed.
    """
    failed = [name for name, command in CHECKS if not _passes(name, command)]
    if failed:
        print(f"Failed: {', '.join(failed)}")
        for name in failed:
            print(f"-- {name}\n{_findings(name)}", flush=True)
    return 1 if failed else 0


def _passes(name: str, command: list[str]) -> bool:
    print(f"== {name}", flush=True)
    started = time.monotonic()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    if sys.stdout.isatty():
        code = subprocess.run(command, check=False, env=environment).returncode
    else:
        with _log(name).open("w") as log:
            code = subprocess.run(command, check=False, env=environment, stdout=log, stderr=log).returncode
        print("\n".join(_lines(name)[-1:]))
    print(f"== {name}: {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s", flush=True)
    return code == 0


def _log(name: str) -> Path:
    folder = Path(".data/checks")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name.replace(' ', '-')}.log"


def _lines(name: str) -> list[str]:
    path = _log(name)
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def _findings(name: str) -> str:
    """What failed, named first, with the end of the output: a progress bar and a table of coverage tell nothing of it."""
    lines = _lines(name)
    named = [line for line in lines if line.startswith(("FAILED ", "ERROR ", "E   "))]
    return "\n".join(line[:300] for line in [*named[:LAST_LINES], *lines[-LAST_LINES:]])


if __name__ == "__main__":
    sys.exit(main())
