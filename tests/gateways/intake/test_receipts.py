"""One INSERT for any number of webhooks, in their order, each once."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from gateways.intake.receipts import NewReceipt, insert_receipts
from gateways.models import Channel, Receipt
from tests.gateways.conftest import MakeChannel

pytestmark = pytest.mark.django_db


def new(channel: Channel, key: str, body: bytes = b"{}") -> NewReceipt:
    return NewReceipt(channel.organization_id, channel.pk, key, body)


def test_rows_are_numbered_in_the_order_of_arrival(channel: Channel) -> None:
    keys = ["c", "a", "d", "b"]
    insert_receipts([new(channel, key) for key in keys])
    assert list(Receipt.objects.order_by("pk").values_list("dedupe_key", flat=True)) == keys


def test_a_repeated_key_is_counted_within_and_between_batches(channel: Channel) -> None:
    insert_receipts([new(channel, "a", b"[1]"), new(channel, "a", b"[2]"), new(channel, "b")])
    insert_receipts([new(channel, "a", b"[3]"), new(channel, "a"), new(channel, "a")])
    found = dict(Receipt.objects.values_list("dedupe_key", "duplicates"))
    assert found == {"a": 4, "b": 0}
    assert bytes(Receipt.objects.get(dedupe_key="a").body) == b"[1]"


def test_only_addresses_with_something_new_are_returned(channel: Channel, make_channel: MakeChannel) -> None:
    other = make_channel()
    here, there = (channel.organization_id, channel.pk), (other.organization_id, other.pk)
    assert insert_receipts([new(channel, "a"), new(other, "a")]) == {here, there}
    assert insert_receipts([new(channel, "a"), new(other, "b")]) == {there}
    assert insert_receipts([new(channel, "a")]) == set()


def test_bodies_of_any_bytes_are_kept(channel: Channel) -> None:
    body = bytes(range(256)) * 4
    insert_receipts([new(channel, "a", body)])
    assert bytes(Receipt.objects.get().body) == body


def test_a_receipt_cannot_belong_to_a_foreign_channel(channel: Channel) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_receipts([NewReceipt(uuid4(), channel.pk, "a", b"{}")])
        connection.check_constraints()  # the key is deferred to the commit
