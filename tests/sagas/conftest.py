from collections.abc import Iterator

import pytest

from sagas.orchestrator import SagaOrchestrator
from tests.sagas.drivers import Drivers, driver_host
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


@pytest.fixture(scope="session")
def driver_process(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drivers]:
    with driver_host(tmp_path_factory.mktemp("outside")) as drivers:
        yield drivers


@pytest.fixture
def drivers(driver_process: Drivers, transactional_db: None) -> Iterator[Drivers]:
    """Starts drivers; none outlives the test."""
    driver_process.look_here()
    yield driver_process
    driver_process.kill_all()
