"""Google's Gemini: generateContent with a JSON schema.

https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/structured-output
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from sdr.contract import Account, ModelAnswerError, Usage
from sdr.providers.adapter import StructuredProvider
from sdr.providers.posting import MAX_OUTPUT_TOKENS, count, post, read_object

HOME = "https://generativelanguage.googleapis.com"


def ask(
    account: Account, task: str, content: Mapping[str, Any], *, name: str, schema: dict[str, Any]
) -> tuple[dict[str, Any], Usage]:
    """Ask for one object; the schema has no ``name`` on this wire."""
    body = {
        "systemInstruction": {"parts": [{"text": task}]},
        "contents": [{"role": "user", "parts": [{"text": orjson.dumps(content).decode()}]}],
        "generationConfig": {
            "responseMimeType": "application/json", "responseJsonSchema": schema, "maxOutputTokens": MAX_OUTPUT_TOKENS,
        },
    }  # fmt: skip
    data = post(
        account, url_of(account, account.model, "generateContent"), body, {"x-goog-api-key": account.api_key},
        allow_private=bool(account.base_url),
    )  # fmt: skip
    used = data.get("usageMetadata")
    written = count(used, "candidatesTokenCount") + count(used, "thoughtsTokenCount")
    usage = Usage(account.model, count(used, "promptTokenCount"), written)
    found = data.get("candidates")
    candidate = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
    if candidate.get("finishReason") != "STOP":
        raise ModelAnswerError("the model's answer is refused or cut", usage)
    return read_object(_text(candidate.get("content")), usage), usage


def url_of(account: Account, model: str, method: str) -> str:
    home = (account.base_url or HOME).rstrip("/")
    return f"{home}/v1beta/models/{quote(model, safe='')}:{method}"


def _text(content: Any) -> str:
    parts = content.get("parts") if isinstance(content, dict) else None
    told = (
        [part for part in parts if isinstance(part, dict) and not part.get("thought")]
        if isinstance(parts, list)
        else []
    )
    return "".join(text for part in told if isinstance(text := part.get("text"), str))


def provider() -> StructuredProvider:
    return StructuredProvider("gemini", "Gemini", ask)
