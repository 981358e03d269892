"""Sagas before one's eyes: a small outside world, a saga of three steps over it, and what may happen to it.

The world is a file, so that it survives the death of the process that changes it. As a good provider it does a thing
once per idempotency key, however often it is asked.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.db import connections

from sagas.definition import JSON, SagaStep, StepCall
from sagas.errors import PermanentStepError, StepUnknown
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import SagaOrchestrator

NAME: Final = "demo"
STEPS: Final = ("calendar", "invoice", "card")
TIMEOUT: Final = 1.0
MARGIN: Final = 1.0
Say = Callable[[str], None]


@dataclass
class Outside:
    """What the outside world was asked and what it did."""

    path: Path

    def ask(self, key: str, step: str, kind: str) -> bool:
        """Do or undo once per key; return whether anything changed."""
        with self.path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            changed = all(json.loads(line)["key"] != key for line in file)
            file.write(json.dumps({"key": key, "step": step, "kind": kind, "changed": changed}) + "\n")
        return changed

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def changes(self, kind: str) -> list[str]:
        """Return the steps that were really done, or undone, in order."""
        return [line["step"] for line in self.lines() if line["changed"] and line["kind"] == kind]


@dataclass(frozen=True)
class Scene:
    """One thing that may happen. ``fails`` says how a step (``invoice``) or its undo (``invoice:undo``) behaves.

    *refused*: it does nothing and says so, each time. *lost*: it is done, but the first answer does not arrive. *down*:
    nothing is done until somebody repairs it. ``dies_at`` is a crash point.
    """

    title: str
    state: SagaState
    done: tuple[str, ...]
    undone: tuple[str, ...] = ()
    fails: dict[str, str] = field(default_factory=dict)
    dies_at: str = ""


def scenes() -> Iterator[Scene]:
    """Yield every scene of the demonstration with the end that is promised."""
    yield Scene("Everything goes well", SagaState.SUCCEEDED, STEPS)
    for number, step in enumerate(STEPS):
        done = STEPS[:number]
        yield Scene(f"The step {step!r} is refused", SagaState.FAILED, done, done[::-1], {step: "refused"})
    yield Scene("The answer of 'invoice' is lost", SagaState.SUCCEEDED, STEPS, fails={"invoice": "lost"})
    yield Scene("The process is killed in the middle", SagaState.SUCCEEDED, STEPS, dies_at="saga.acted:2")
    yield Scene(
        "The process is killed while it undoes", SagaState.FAILED, STEPS[:2], STEPS[1::-1], {"card": "refused"},
        dies_at="saga.undone:1",
    )  # fmt: skip
    yield Scene(
        "An undo cannot be done until somebody helps", SagaState.FAILED, STEPS[:2], STEPS[:2],
        {"card": "refused", "invoice:undo": "down"},
    )  # fmt: skip


class Stage:
    """Plays scenes; everything happens in the active organization."""

    def __init__(self, folder: Path, say: Say) -> None:
        self.folder, self.say = folder, say

    def play(self, number: int, scene: Scene) -> list[str]:
        """Play one scene and return what went otherwise than promised."""
        self.say(f"\n{number}. {scene.title}")
        saga_id, outside = f"demo:{number}", Outside(self.folder / f"{number}.jsonl")
        engine, repaired = SagaOrchestrator(), self.folder / f"{number}.repaired"
        engine.define_saga(NAME, [self._step(name, scene, outside, repaired) for name in STEPS])
        context = {"scene": number}
        if scene.dies_at:
            self._die(engine, saga_id, context, scene.dies_at)
        ended = self._end(engine, saga_id, context)
        if ended.needs_attention:
            self.say(f"   stuck, and seen by people: {ended.error}. Somebody repairs it and tries again.")
            repaired.touch()
            ended = engine.retry_failed(saga_id)
        undone = f", undone: {', '.join(outside.changes('undo'))}" if ended.compensation_performed else ""
        self.say(f"   = {ended.state}, done: {', '.join(ended.steps_completed) or 'nothing'}{undone}")
        return broken_promises(scene, ended, outside)

    def _step(self, name: str, scene: Scene, outside: Outside, repaired: Path) -> SagaStep:
        def reach(call: StepCall, key: str, kind: str) -> JSON:
            way = scene.fails.get(key, "")
            if way == "refused" or (way == "down" and not repaired.exists()):
                self.say(f"   {kind:4} {name}: {'refused' if way == 'refused' else 'cannot be reached'}")
                raise PermanentStepError(f"{name} is {way}")
            changed = outside.ask(call.idempotency_key, name, kind)
            self.say(f"   {kind:4} {name}: {'done' if changed else 'was done already, the key is known'}")
            if way == "lost" and call.attempt == 1:
                self.say("        the answer is lost; asked again with the same key")
                raise StepUnknown("the answer was lost")
            return {"id": call.idempotency_key}

        def undo(call: StepCall) -> None:
            reach(call, f"{name}:undo", "undo")

        return SagaStep(name, lambda call: reach(call, name, "do"), undo, timeout=TIMEOUT, retry_count=1)

    def _die(self, engine: SagaOrchestrator, saga_id: str, context: JSON, place: str) -> None:
        """Let another process drive the saga and die at the crash point by SIGKILL."""
        connections.close_all()
        child = os.fork()
        if not child:
            os.environ["CRASH_AT"] = place
            try:
                engine.execute(NAME, saga_id, context)
            finally:
                os._exit(1)
        _pid, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise RuntimeError(f"the process did not die at {place}")
        self.say(f"        killed with SIGKILL at {place}; another takes over once its lease has ended")

    def _end(self, engine: SagaOrchestrator, saga_id: str, context: JSON) -> SagaExecution:
        latest = time.monotonic() + 60
        while True:
            now = engine.execute(NAME, saga_id, context)
            if now.is_finished or now.needs_attention:
                return now
            if time.monotonic() > latest:
                raise RuntimeError(f"the saga never ended: {now.state}")
            time.sleep(0.1)


def broken_promises(scene: Scene, ended: SagaExecution, outside: Outside) -> list[str]:
    """Name what is otherwise than the scene promises, in the journal and in the outside world."""
    found = {"state": ended.state, "done": outside.changes("do"), "undone": outside.changes("undo")}
    promised = {"state": scene.state, "done": list(scene.done), "undone": list(scene.undone)}
    return [
        f"{scene.title}: {name} is {found[name]}, not {promised[name]}"
        for name in promised
        if found[name] != promised[name]
    ]
