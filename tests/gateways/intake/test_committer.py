"""Group commit: many requests, few transactions, and every request learns its own fate."""

import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, OperationalError

from gateways.intake import committer as module
from gateways.intake.committer import Bells, Committer, OverloadedError
from gateways.intake.receipts import Address, NewReceipt

ORGANIZATION, CHANNEL = uuid4(), uuid4()


def new(key: str) -> NewReceipt:
    return NewReceipt(ORGANIZATION, CHANNEL, key, b"{}")


class Database:
    """Records the batches; the first waits until told to go, so that the others gather."""

    def __init__(self, refuse: Callable[[Sequence[str]], Exception | None] = lambda keys: None) -> None:
        self.batches: list[list[str]] = []
        self.refuse = refuse
        self.started, self.go = threading.Event(), threading.Event()

    def insert(self, receipts: Sequence[NewReceipt]) -> set[Address]:
        keys = [receipt.dedupe_key for receipt in receipts]
        self.batches.append(keys)
        self.started.set()
        assert self.go.wait(5)
        if error := self.refuse(keys):
            raise error
        return {receipt.address for receipt in receipts}


def run(
    database: Database, keys: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, str], list[Address]]:
    """Hand in the first key, then the others while it is under way; return each one's fate and the bells."""
    monkeypatch.setattr(module, "insert_receipts", database.insert)
    rung: list[Address] = []
    committer = Committer(rung.extend)
    fates: dict[str, str] = {}

    def hand_in(key: str) -> None:
        try:
            committer.store(new(key))
            fates[key] = "stored"
        except Exception as error:
            fates[key] = type(error).__name__

    threads = [threading.Thread(target=hand_in, args=[key]) for key in keys]
    threads[0].start()
    assert database.started.wait(5)
    for thread in threads[1:]:
        thread.start()
    while len(committer._waiting) < len(keys) - 1:
        threading.Event().wait(0.001)
    database.go.set()
    for thread in threads:
        thread.join(5)
    committer.close()
    return fates, rung


def test_what_arrives_during_a_commit_shares_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database()
    keys = [f"k{number}" for number in range(20)]
    fates, rung = run(database, keys, monkeypatch)
    assert set(fates.values()) == {"stored"}
    assert [len(batch) for batch in database.batches] == [1, 19]
    assert rung == [(ORGANIZATION, CHANNEL)] * 2


def test_a_row_that_is_refused_does_not_take_its_neighbours_along(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(lambda keys: DataError("no") if "bad" in keys else None)
    fates, _rung = run(database, ["first", "a", "bad", "b"], monkeypatch)
    assert fates == {"first": "stored", "a": "stored", "bad": "DataError", "b": "stored"}


def test_a_lost_connection_is_tried_once_more_and_then_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([OperationalError("gone")])
    database = Database(lambda keys: next(failures, None))
    fates, _rung = run(database, ["a"], monkeypatch)
    assert fates == {"a": "stored"}
    assert len(database.batches) == 2

    database = Database(lambda keys: OperationalError("still gone"))
    fates, rung = run(database, ["a", "b", "c"], monkeypatch)
    assert set(fates.values()) == {"OperationalError"}
    assert rung == []


def test_a_database_that_hangs_is_answered_within_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    database = Database()
    monkeypatch.setattr(module, "insert_receipts", database.insert)
    committer = Committer(lambda addresses: None)
    with pytest.raises(OverloadedError):
        committer.store(new("a"))
    database.go.set()
    committer.close()


def test_more_than_can_wait_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 0)
    with pytest.raises(OverloadedError):
        Committer(lambda addresses: None).store(new("a"))


def test_a_closed_committer_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    committer = Committer(lambda addresses: None)
    committer.close()
    with pytest.raises(OverloadedError):
        committer.store(new("a"))


def test_bells_are_rung_from_another_thread_and_a_broken_one_is_survived() -> None:
    rung: list[Any] = []
    done = threading.Event()
    other = (uuid4(), uuid4())

    def ring(address: Address) -> None:
        rung.append((address, threading.current_thread().name))
        if len(rung) == 1:
            raise ConnectionError
        done.set()

    bells = Bells(ring)
    bells([(ORGANIZATION, CHANNEL), other])
    assert done.wait(5)
    assert {address for address, _thread in rung} == {(ORGANIZATION, CHANNEL), other}
    assert {thread for _address, thread in rung} == {"hook-bells"}
