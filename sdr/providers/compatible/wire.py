"""Chat completions as OpenAI first had them, which Groq, OpenRouter, vLLM, Ollama and many others speak.

https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Mapping
from typing import Any

import orjson

from sdr.contract import Account, ModelAnswerError, Usage
from sdr.providers.adapter import StructuredProvider
from sdr.providers.posting import MAX_OUTPUT_TOKENS, count, post, read_object


def ask(
    account: Account, task: str, content: Mapping[str, Any], *, name: str, schema: dict[str, Any]
) -> tuple[dict[str, Any], Usage]:
    body = {
        "model": account.model,
        "messages": [{"role": "system", "content": task}, {"role": "user", "content": orjson.dumps(content).decode()}],
        "response_format": {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}},
        "max_tokens": MAX_OUTPUT_TOKENS,
    }
    data = post(
        account,
        f"{account.base_url.rstrip('/')}/chat/completions",
        body,
        {"Authorization": f"Bearer {account.api_key}"},
    )
    used = data.get("usage")
    usage = Usage(account.model, count(used, "prompt_tokens"), count(used, "completion_tokens"))
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    if choice.get("finish_reason") not in {"stop", None} or not isinstance(message, dict) or message.get("refusal"):
        raise ModelAnswerError("the model's answer is refused or cut", usage)
    return read_object(message.get("content"), usage), usage


def provider() -> StructuredProvider:
    return StructuredProvider("compatible", "OpenAI-compatible", ask)
