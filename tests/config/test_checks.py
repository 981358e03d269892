"""``bin/test``: every check runs, and what failed can be read at a glance."""

import sys
from pathlib import Path

import pytest

from config import checks

GOOD = ("good", [sys.executable, "-c", "print('12 passed')"])
BAD = ("bad", [sys.executable, "-c", "print('.\\n' * 500 + 'E   because'); raise SystemExit('FAILED one of them')"])


def test_all_checks_run_and_the_output_stays_short(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, "CHECKS", [BAD, GOOD])
    assert checks.main() == 1
    printed = capsys.readouterr().out
    assert "== bad: FAILED" in printed
    assert "12 passed\n== good: ok" in printed
    assert "Failed: bad\n-- bad\nE   because\nFAILED one of them" in printed
    assert len(printed.splitlines()) < 2 * checks.LAST_LINES


def test_nothing_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, "CHECKS", [GOOD])
    assert checks.main() == 0
