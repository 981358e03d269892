"""All checks of the project, in one readable list; ``bin/test`` without arguments runs them in this order."""

import os
import subprocess
import sys
import time

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
    # On their own: a browser keeps an event loop running.
    ("browser tests", [*PYTEST, "-m", "browser"]),
    # They wait more than they work: each worker has a database, a Redis and processes of its own to break.
    ("fault tests", [*PYTEST, "-m", "fault", "-n", "auto", "--dist", "worksteal"]),
]


def main() -> int:
    """Run every check; return 1 when one failed, after all have run."""
    failed = []
    for name, command in CHECKS:
        started = time.monotonic()
        print(f"== {name}", flush=True)
        result = subprocess.run(command, check=False, env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"})
        print(
            f"== {name}: {'ok' if result.returncode == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s",
            flush=True,
        )
        if result.returncode:
            failed.append(name)
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
