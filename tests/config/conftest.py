import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for embedded servers, which are stopped at the end.

    It is not below pytest's own: that is closed to other users by every test run that begins, and PostgreSQL, which a
    superuser runs as another user, would no longer be let in.
    """
    folder = Path(tempfile.mkdtemp(prefix="prosa-servers-"))
    yield folder / "data"
    embedded.stop_services(folder / "data")
    shutil.rmtree(folder)
