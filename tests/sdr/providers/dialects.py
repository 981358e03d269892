"""The wires of the other providers, as far as the product uses them: what they refuse, where the question is, how they answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Request = dict[str, Any]


@dataclass(frozen=True)
class Dialect:
    """``question`` is the JSON text that was asked, ``answer`` wraps (request, text, ends, refusal)."""

    ending: str
    key_header: str
    fault: Callable[[Mapping[str, str], Request], str]
    question: Callable[[Request], str]
    schema: Callable[[Request], dict[str, Any]]
    answer: Callable[[Request, str, str, str], dict[str, Any]]

    def fits(self, path: str) -> bool:
        return path.endswith(self.ending)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _chat_fault(headers: Mapping[str, str], request: Request) -> str:
    asked = request.get("response_format", {})
    roles = [message.get("role") for message in request.get("messages", ())]
    if asked.get("type") != "json_schema" or not asked.get("json_schema", {}).get("strict"):
        return "response_format"
    return "" if roles == ["system", "user"] and request.get("model") and request.get("max_tokens") else "messages"


def _chat(request: Request, text: str, ends: str, refusal: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": None if refusal else text, "refusal": refusal or None}
    reason = {"completed": "stop", "incomplete": "length"}[ends]
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1795000000, "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366},
    }  # fmt: skip


def _anthropic_fault(headers: Mapping[str, str], request: Request) -> str:
    if headers.get("anthropic-version") != "2023-06-01":
        return "anthropic-version: header is required"
    tools, choice = request.get("tools", ()), request.get("tool_choice", {})
    if (
        len(tools) != 1
        or choice != {"type": "tool", "name": tools[0]["name"]}
        or tools[0]["input_schema"]["type"] != "object"
    ):
        return "tools"
    roles = [message["role"] for message in request.get("messages", ())]
    return "" if roles == ["user"] and request.get("system") and request.get("max_tokens") else "messages"


def _anthropic(request: Request, text: str, ends: str, refusal: str) -> dict[str, Any]:
    made = _loaded(text)
    block: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": request["tools"][0]["name"], "input": made}
    if refusal or not isinstance(made, dict):
        block = {"type": "text", "text": refusal or text}
    reason = "refusal" if refusal else {"completed": "tool_use", "incomplete": "max_tokens"}[ends]
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": request["model"], "content": [block], "stop_reason": reason,
        "stop_sequence": None, "usage": {"input_tokens": 321, "output_tokens": 45},
    }  # fmt: skip


def _gemini_fault(headers: Mapping[str, str], request: Request) -> str:
    asked = request.get("generationConfig", {})
    if (
        asked.get("responseMimeType") != "application/json"
        or asked.get("responseJsonSchema", {}).get("type") != "object"
    ):
        return "generationConfig"
    return "" if request.get("contents") and request.get("systemInstruction", {}).get("parts") else "contents"


def _gemini(request: Request, text: str, ends: str, refusal: str) -> dict[str, Any]:
    usage = {"promptTokenCount": 321, "candidatesTokenCount": 40, "thoughtsTokenCount": 5, "totalTokenCount": 366}
    if refusal:
        return {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage}
    content = {"role": "model", "parts": [{"text": text[: len(text) // 2]}, {"text": text[len(text) // 2 :]}]}
    reason = {"completed": "STOP", "incomplete": "MAX_TOKENS"}[ends]
    return {"candidates": [{"content": content, "finishReason": reason, "index": 0}], "usageMetadata": usage}


DIALECTS = [
    Dialect(
        "/chat/completions", "authorization", _chat_fault, lambda request: str(request["messages"][1]["content"]),
        lambda request: dict(request["response_format"]["json_schema"]["schema"]), _chat,
    ),
    Dialect(
        "/v1/messages", "x-api-key", _anthropic_fault, lambda request: str(request["messages"][0]["content"]),
        lambda request: dict(request["tools"][0]["input_schema"]), _anthropic,
    ),
    Dialect(
        ":generateContent", "x-goog-api-key", _gemini_fault, lambda request: str(request["contents"][0]["parts"][0]["text"]),
        lambda request: dict(request["generationConfig"]["responseJsonSchema"]), _gemini,
    ),
]  # fmt: skip


def dialect_of(path: str) -> Dialect | None:
    return next((dialect for dialect in DIALECTS if dialect.fits(path)), None)
