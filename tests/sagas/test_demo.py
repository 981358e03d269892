"""The demonstration of sagas, and that it would notice a broken promise."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sagas.demo import Outside, Scene, broken_promises, scenes
from sagas.models import SagaExecution, SagaState
from sagas.run import Run

STEPS = ("calendar", "invoice", "card")


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_every_scene_ends_as_promised_and_leaves_nothing_behind() -> None:
    told = StringIO()
    call_command("saga_demo", stdout=told)
    story = told.getvalue()
    assert story.count("   = ") == len(list(scenes()))
    assert story.count("killed with SIGKILL") == 2 and "stuck, and seen by people" in story
    assert "was done already, the key is known" in story
    assert not SagaExecution.unscoped.exists()


@pytest.mark.django_db
def test_a_broken_promise_ends_it_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sagas.management.commands.saga_demo.scenes", lambda: [FAILED])
    call_command("saga_demo", stdout=StringIO())
    monkeypatch.setattr(Run, "next_to_undo", lambda run: next((n for n in run.done if n not in run.undone), None))
    with pytest.raises(CommandError, match="undone is"):
        call_command("saga_demo", stdout=StringIO())
    assert not SagaExecution.unscoped.exists()


FAILED = Scene("refused", SagaState.FAILED, STEPS[:2], STEPS[1::-1], {"card": "refused"})


def test_the_world_does_a_thing_once_per_key(tmp_path: Path) -> None:
    outside = Outside(tmp_path / "world")
    assert outside.lines() == []
    assert [outside.ask(key, "card", "do") for key in ("a", "a", "b")] == [True, False, True]
    assert outside.changes("do") == ["card", "card"] and len(outside.lines()) == 3


def test_what_happened_twice_is_a_broken_promise(tmp_path: Path) -> None:
    outside = Outside(tmp_path / "world")
    for key in ("a", "b"):
        outside.ask(key, "calendar", "do")
    scene = Scene("once", SagaState.SUCCEEDED, ("calendar",))
    assert len(broken_promises(scene, SagaExecution(state=SagaState.SUCCEEDED), outside)) == 1
    assert len(broken_promises(scene, SagaExecution(state=SagaState.FAILED), outside)) == 2
