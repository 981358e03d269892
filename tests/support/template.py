"""A migrated database that test databases are copied from: each process of a test run has one a moment later.

It is named after what the migrations say, so an edit of one makes another; the server keeps a few of the newest.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

PREFIX = "prosa_template_"
KEPT = 6
_NAMES = "SELECT datname FROM pg_database WHERE datname LIKE %s AND datistemplate ORDER BY oid DESC"


def ensure_template(database_url: str) -> str:
    """Return the name of the template, migrated now if it does not exist; ``database_url`` is any of the same server."""
    name = PREFIX + _digest()
    with (settings.DATA_DIR / ".template.lock").open("w") as lock, connection._nodb_cursor() as cursor:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cursor.execute(_NAMES, [f"{PREFIX}%"])
        found = [row[0] for row in cursor.fetchall()]
        if name not in found:
            _build(cursor, name, database_url)
            for old in found[KEPT:]:
                _drop(cursor, old)
    return name


def _digest() -> str:
    """Return what tells templates apart: the code that migrations run, and Django's version."""
    root = settings.BASE_DIR
    digest = hashlib.sha256(version("django").encode())
    for path in sorted([*root.glob("*/migrations/*.py"), *root.glob("*/plans.py"), root / "core" / "migrations.py"]):
        if path.exists():
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _build(cursor: CursorWrapper, name: str, database_url: str) -> None:
    cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')  # of a run that was killed while it migrated
    cursor.execute(f'CREATE DATABASE "{name}"')
    before, _, options = database_url.partition("?")
    url = f"{before.rpartition('/')[0]}/{name}{'?' if options else ''}{options}"
    root = Path(settings.BASE_DIR)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"],
        cwd=root, env={**os.environ, "DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL}, check=True,
    )  # fmt: skip
    cursor.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE true ALLOW_CONNECTIONS false')


def _drop(cursor: CursorWrapper, name: str) -> None:
    cursor.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE false')
    cursor.execute(f'DROP DATABASE "{name}"')
