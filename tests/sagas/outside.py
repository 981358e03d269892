"""The world outside of a saga: one append-only file per saga, which is the truth of every fault test.

As a good provider it does a thing once per idempotency key, however often it is asked; the undo of what was never
done does nothing. Asking again is written down too, so that a test sees how often a key was used.
"""

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "SAGA_OUTSIDE"


@dataclass(frozen=True)
class Line:
    key: str
    step: str
    kind: str
    applied: bool
    organization_id: str
    at: float


def ask(saga_id: str, key: str, step: str, kind: str, organization_id: str) -> int:
    """Do or undo once per key; return how often this key has asked, this time included."""
    with _path(saga_id).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = [json.loads(line) for line in file]
        is_new = all(line["key"] != key or not line["applied"] for line in lines)
        is_there = any(line["step"] == step and line["kind"] == "do" and line["applied"] for line in lines)
        applied = is_new and (kind == "do" or is_there)
        line = Line(key, step, kind, applied, organization_id, time.time())
        file.write(json.dumps(line.__dict__) + "\n")
        return 1 + sum(line["key"] == key for line in lines)


def note_refusal(saga_id: str, key: str, step: str, kind: str, organization_id: str) -> int:
    """Write down a call that had no effect; return how often this key has asked."""
    with _path(saga_id).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        asked = sum(json.loads(line)["key"] == key for line in file)
        file.write(json.dumps(Line(key, step, f"{kind} refused", False, organization_id, time.time()).__dict__) + "\n")
        return asked + 1


def history(saga_id: str) -> list[Line]:
    path = _path(saga_id)
    return [Line(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def applied(saga_id: str, kind: str) -> list[str]:
    """Return the steps that took effect, in order."""
    return [line.step for line in history(saga_id) if line.applied and line.kind == kind]


def violations(saga_id: str, state: str, steps: list[str], undoable: list[str]) -> list[str]:
    """Name what is wrong with the world, given how the saga says it ended."""
    lines = history(saga_id)
    done, undone = applied(saga_id, "do"), applied(saga_id, "undo")
    wrong = []
    if state not in {"succeeded", "failed"}:
        wrong.append(f"ended as {state}")
    if state == "succeeded" and (done != steps or undone):
        wrong.append(f"succeeded with {done}, undone {undone}")
    if state == "failed" and undone != [name for name in reversed(done) if name in undoable]:
        wrong.append(f"did {done} but undid {undone}")
    for name in set(done + undone):
        if done.count(name) > 1 or undone.count(name) > 1:
            wrong.append(f"{name} happened twice")
    first_undo = next((n for n, line in enumerate(lines) if line.kind.startswith("undo")), len(lines))
    if any(line.kind.startswith("do") for line in lines[first_undo:]):
        wrong.append("went forward after turning back")
    if any(not line.key.startswith(f"{saga_id}:{line.step}") for line in lines):
        wrong.append("a key of another step")
    return wrong


def _path(saga_id: str) -> Path:
    return Path(os.environ[FOLDER]) / saga_id.replace(":", "_").replace("/", "_")


def as_json(saga_id: str) -> list[dict[str, Any]]:
    """Return the history for a failure's message."""
    return [line.__dict__ for line in history(saga_id)]
