"""The bench measures real sagas and leaves nothing behind."""

import pytest
from django.db import connection

from sagas import bench
from sagas.models import SagaExecution, SagaStepRecord


@pytest.mark.django_db
def test_a_run_without_the_peer_says_so_and_meets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    report = bench.run(24)
    assert report["figures"]["sagas_per_second"] > 0 and report["figures"]["bare_per_second"] > 0
    assert report["ratios"].keys() == {"to_limit"}
    assert (report["figures"]["absent"], report["met"]) == (["dbos"], False)
    assert not SagaExecution.unscoped.exists() and not SagaStepRecord.unscoped.exists()
    assert bench.TABLE not in connection.introspection.table_names()


@pytest.mark.django_db
def test_sagas_that_do_not_arrive_are_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_nothing", lambda call: 1 // 0)
    with pytest.raises(RuntimeError, match="0 sagas"):
        bench._sagas(1)
    assert not SagaExecution.unscoped.exists()


def test_ratios_are_medians_of_each_round_and_goals_must_all_be_met() -> None:
    rounds = [{"sagas": 60.0, "bare": 100.0, "peer": 10.0}] * 2 + [{"sagas": 1.0, "bare": 100.0, "peer": 10.0}]
    report = bench._report(3, rounds)
    assert report["ratios"] == {"to_limit": 0.6, "to_peer": 6.0}
    assert report["met"]
    assert not bench._report(3, [{"sagas": 60.0, "bare": 100.0, "peer": 20.0}])["met"]
