"""The recorded and written payloads of each provider, in ``tests/gateways/fixtures/<code>.json``."""

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import Any

from gateways.calls import Answer, Operation, R
from gateways.contract import (
    AccountUpdate,
    ConnectionUpdate,
    DeliveryUpdate,
    ForOthers,
    Ignored,
    InboundMessage,
    MessageChange,
    Parsed,
    TemplateUpdate,
    Watermark,
)
from gateways.registry import ADAPTERS

FIXTURES = Path(__file__).parent.parent / "fixtures"
TYPES = {
    InboundMessage: "message",
    DeliveryUpdate: "status",
    ConnectionUpdate: "connection",
    MessageChange: "change",
    Watermark: "watermark",
    TemplateUpdate: "template",
    AccountUpdate: "account",
    ForOthers: "others",
    Ignored: "ignored",
}


@cache
def fixture(code: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FIXTURES / f"{code}.json").read_text())
    return data


def cases(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (provider, case) for every provider that there is."""
    return [(code, case) for code in ADAPTERS for case in fixture(code)[kind]]


def label(value: object) -> str:
    return str(value["name"]) if isinstance(value, dict) else str(value)


def body_of(case: dict[str, Any]) -> bytes:
    body = case["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


def plain(item: Parsed, keys: set[str]) -> dict[str, Any]:
    """Return what was parsed as JSON values, only these keys."""
    values = {"type": TYPES[type(item)], **dataclasses.asdict(item)}
    if isinstance(item, InboundMessage):
        values["identities"] = [list(pair) for pair in item.identities]
    if "at" in values:
        values["at"] = values["at"].isoformat()
    return {key: value for key, value in values.items() if key in keys}


def play(operation: "Operation[R]", *answers: Answer) -> tuple[R, list[Any]]:
    """Drive an operation with these answers; return its result and the calls that it made."""
    calls = []
    try:
        calls.append(next(operation))
        for answer in answers:
            calls.append(operation.send(answer))
    except StopIteration as finished:
        return finished.value, calls
    raise AssertionError(f"it asks for more: {calls[-1]}")
