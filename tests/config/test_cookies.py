"""Two installations on one host keep their people logged in: browsers send a host's cookies to every port of it."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PROGRAM = "from django.conf import settings; print(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)"


def names(folder: Path, **environment: str) -> str:
    """Return the names of the cookies as an installation of its own has them."""
    ours = {
        "DATABASE_URL": "postgres://nobody@localhost/none",
        "REDIS_URL": "redis://localhost:1",
        "PROSA_DATA": str(folder),
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"DJANGO_SETTINGS_MODULE": "config.settings", **ours, **environment},
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PROSA_PORT": "8100"}, "prosa_session_8100 prosa_csrf_8100"),
        ({"PROSA_BASE_URL": "http://10.0.0.2:9000"}, "prosa_session_9000 prosa_csrf_9000"),
        ({"PROSA_BASE_URL": "https://crm.example.com"}, "prosa_session prosa_csrf"),
        ({"PROSA_COOKIE_SUFFIX": "loja"}, "prosa_session_loja prosa_csrf_loja"),
    ],
    ids=["port", "address", "host of its own", "given"],
)
def test_cookies_are_named_after_the_installation(tmp_path: Path, environment: dict[str, str], expected: str) -> None:
    assert names(tmp_path, **environment) == expected
