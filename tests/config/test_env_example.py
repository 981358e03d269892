import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Read by the suite alone.
OURS = {"PROSA_TEST_NAME", "PYTEST_XDIST_WORKER"}


SOURCES = [ROOT / "config" / name for name in ("settings.py", "embedded.py", "management/commands/up.py")]


def test_every_setting_that_is_read_is_in_the_example_and_no_other() -> None:
    source = "".join(path.read_text() for path in SOURCES)
    read = set(re.findall(r"(?:environ\.get|flag|kept_secret)\(\s*[\"']([A-Z_]+)[\"']", source))
    read |= set(re.findall(r"\"([A-Z_]+)\" in os\.environ", source))
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert len(read) > 30
    assert read - OURS == named
