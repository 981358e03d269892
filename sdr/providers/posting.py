"""One JSON object posted, one read: what the providers without a client of their own share."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from core.http import OutgoingError, request
from sdr.contract import Account, ModelAnswerError, ModelUnavailableError, Usage

CONNECT_SECONDS = 3.0
MAX_BYTES = 1024 * 1024
MAX_OUTPUT_TOKENS = 4000


def post(
    account: Account,
    url: str,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    allow_private: bool | None = None,
) -> dict[str, Any]:
    """Return the reply's object. What is refused or not answered is unavailable; the key is in no error."""
    try:
        reply = request(
            "POST", url, json=dict(body), headers=headers, timeout=(CONNECT_SECONDS, account.seconds), max_bytes=MAX_BYTES,
            allow_private=allow_private,
        )  # fmt: skip
    except OutgoingError as error:
        raise ModelUnavailableError(error.kind) from error
    if reply.status != HTTPStatus.OK:
        raise ModelUnavailableError(f"HTTP {reply.status}")
    try:
        data = reply.json()
    except ValueError as error:
        raise ModelAnswerError("the model's answer cannot be read") from error
    if not isinstance(data, dict):
        raise ModelAnswerError("the model's answer cannot be read")
    return data


def read_object(text: Any, usage: Usage) -> dict[str, Any]:
    """Return the object that a text holds; raise :class:`ModelAnswerError`, which knows what the text cost."""
    try:
        data = orjson.loads(text)
    except (orjson.JSONDecodeError, TypeError) as error:
        raise ModelAnswerError("the model's answer is not JSON", usage) from error
    if not isinstance(data, dict):
        raise ModelAnswerError("the model's answer is not an object", usage)
    return data


def count(data: Any, name: str) -> int:
    """Return a number of tokens; what is missing or odd counts as none."""
    number = data.get(name) if isinstance(data, dict) else 0
    return number if isinstance(number, int) and number > 0 else 0
