"""What a journal keeps: JSON without secrets."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sagas.errors import PayloadRefusedError
from sagas.payloads import checked_json, redacted

CARD = "4242 4242 4242 4242"


@pytest.mark.parametrize(
    "value",
    [
        {"password": "x"}, {"senha": "x"}, {"api_key": "x"}, {"apiKey": "x"}, {"API-KEY": "x"}, {"token": "x"},
        {"accessToken": "x"}, {"client_secret": "x"}, {"card_number": "x"}, {"numero_cartao": "x"}, {"cvv": "123"},
        {"Authorization": "x"}, {"privateKey": "x"}, {"credentials": {"a": 1}},
        {"deep": [{"er": {"token": "x"}}]},
        {"note": f"pago com {CARD} ontem"}, {"n": "4242424242424242"}, {"n": "378282246310005"}, {"n": 4242424242424242},
        {"note": "sk_live_abcdefgh12345"}, {"h": "Bearer abcdefghijkl"}, {"k": "-----BEGIN RSA PRIVATE KEY-----"},
    ],
)  # fmt: skip
def test_secrets_are_refused_and_not_repeated(value: dict[str, Any]) -> None:
    with pytest.raises(PayloadRefusedError, match="looks like a secret") as refused:
        checked_json(value, "context")
    assert "4242" not in str(refused.value) and "abcdefgh" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        {"phone": "+5511987654321"}, {"phone": "5511987654321"}, {"cnpj": "33000167000101"}, {"cents": 123456789012345},
        {"chave_nfe": "35200714200166000187550010000000071234567890"}, {"tokens_used": 42}, {"token": None},
        {"id": "0192f0c1-7b1e-7cc3-8f1a-3c5d9a1b2c3d"}, {"url": "https://example.com/4242/4242"}, {"expanded": "x"},
        {"order": "4242424242424241"},
    ],
)  # fmt: skip
def test_what_business_needs_is_kept(value: dict[str, Any]) -> None:
    assert checked_json(value, "context") == value


@pytest.mark.parametrize(
    "value",
    [
        {"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"s": {1, 2}}, {"f": float("nan")}, {"f": [float("inf")]},
        {1: "x"}, {"b": b"x"}, {"o": object()}, {"z": "a\0b"}, {"big": 2**70}, ["list"], "text", 7,
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(value: Any) -> None:
    with pytest.raises(PayloadRefusedError):
        checked_json(value, "context")


def test_too_much_is_refused() -> None:
    with pytest.raises(PayloadRefusedError, match="larger"):
        checked_json({"text": "x" * 70_000}, "result")


def test_nothing_is_an_empty_object() -> None:
    assert checked_json(None, "result") == {}


def test_people_see_ids_and_figures_but_neither_text_nor_numbers_of_persons() -> None:
    shown = redacted(
        {
            "booking_id": "0192f0c1-7b1e-7cc3-8f1a-3c5d9a1b2c3d",
            "cents": 12_000,
            "note": "Ana pediu para ligar antes",
            "phone": "+5511987654321",
            "token": "abc",
            "items": [{"sku": "A-1", "email": "ana@example.com"}],
        }
    )
    assert shown == {
        "booking_id": "0192f0c1-7b1e-7cc3-8f1a-3c5d9a1b2c3d",
        "cents": 12_000,
        "note": "•••",
        "phone": "•••",
        "token": "•••",
        "items": [{"sku": "A-1", "email": "•••"}],
    }
