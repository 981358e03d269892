"""The chaos bench, small: three senders, of which one dies several times a second."""

import pytest

from campaigns import bench_chaos
from core.tenancy import across_organizations
from gateways.registry import ADAPTERS

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]


def test_a_storm_of_kills_writes_to_nobody_twice_and_forgets_nobody(
    private_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ADAPTERS, "bench", "")  # what the bench registers is forgotten afterwards
    with across_organizations():
        result = bench_chaos.run(size=200)
    print(result["figures"])
    assert result["figures"]["kills"] == 20
    assert result["figures"]["accepted"] >= 200 - result["figures"]["doubtful"]
    assert result["missed"] == []
    assert result["met"]
