"""The Messages API of Anthropic; the object is the input of the one tool that the model has to use.

https://docs.anthropic.com/en/api/messages
"""

from collections.abc import Mapping
from typing import Any

import orjson

from sdr.contract import Account, ModelAnswerError, Usage
from sdr.providers.adapter import StructuredProvider
from sdr.providers.posting import MAX_OUTPUT_TOKENS, count, post

HOME = "https://api.anthropic.com"
VERSION = "2023-06-01"


def ask(
    account: Account, task: str, content: Mapping[str, Any], *, name: str, schema: dict[str, Any]
) -> tuple[dict[str, Any], Usage]:
    body = {
        "model": account.model,
        "max_tokens": MAX_OUTPUT_TOKENS,
        "system": task,
        "messages": [{"role": "user", "content": orjson.dumps(content).decode()}],
        "tools": [{"name": name, "description": "A resposta, neste formato.", "input_schema": schema}],
        "tool_choice": {"type": "tool", "name": name},
    }
    headers = {"x-api-key": account.api_key, "anthropic-version": VERSION}
    url = f"{(account.base_url or HOME).rstrip('/')}/v1/messages"
    # The address is the platform's own setting, never an organization's.
    data = post(account, url, body, headers, allow_private=bool(account.base_url))
    used = data.get("usage")
    usage = Usage(account.model, count(used, "input_tokens"), count(used, "output_tokens"))
    blocks = data.get("content")
    parts = blocks if isinstance(blocks, list) else []
    made = next(
        (part.get("input") for part in parts if isinstance(part, dict) and part.get("type") == "tool_use"), None
    )
    if data.get("stop_reason") != "tool_use" or not isinstance(made, dict):
        raise ModelAnswerError("the model's answer is refused or cut", usage)
    return made, usage


def provider() -> StructuredProvider:
    return StructuredProvider("anthropic", "Anthropic", ask)
