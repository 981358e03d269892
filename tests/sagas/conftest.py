import pytest

from sagas.orchestrator import SagaOrchestrator
from tests.support.sagas import World


@pytest.fixture
def engine() -> SagaOrchestrator:
    return SagaOrchestrator()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def three(engine: SagaOrchestrator, world: World) -> World:
    """A saga ``trip`` of three steps that all can be undone, each with one retry."""
    engine.define_saga("trip", [world.step(name, retry_count=1) for name in ("flight", "hotel", "car")])
    return world
