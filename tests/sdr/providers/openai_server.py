"""A loopback server that speaks OpenAI's Responses API, and by their paths the wires of the others: keys, schemas, errors, refusals."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.sdr.providers.dialects import Dialect, dialect_of

Brain = Callable[[dict[str, Any]], dict[str, Any]]
SCHEMA_WORDS = {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "description"}
JSON_TYPES = {"object": dict, "array": list, "string": str, "null": type(None)}


@dataclass
class OpenAiServer:
    """``output`` is the text of the next answers, or ``brain`` makes it from the request's input.

    ``status`` other than 200 answers an error; ``ends`` is completed or incomplete; ``refusal`` is said in place of the output;
    ``hangs`` keeps every caller waiting until the test is over, ``drips`` gives a byte now and then, and ``cuts`` ends the
    connection in the middle of the answer.
    """

    output: str = "{}"
    status: int = 200
    body: str | None = None
    brain: Brain | None = None
    ends: str = "completed"
    refusal: str = ""
    hangs: bool = False
    drips: bool = False
    cuts: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""
    home: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, headers: Mapping[str, str], request: dict[str, Any]) -> tuple[int, str]:
        dialect = dialect_of(path)
        key = headers.get(dialect.key_header if dialect else "authorization", "")
        self.requests.append({"path": path, **request})
        self.keys.append(key)
        if self.hangs:
            self.over.wait(60)
        if self.body is not None or self.status != 200:
            return self.status, self.body or error("Rate limit reached" if self.status == 429 else "no", "error")
        if dialect:
            return self.spoken_in(dialect, headers, key, request)
        if wrong := fault_of(path, key, request):
            return wrong
        return 200, json.dumps(self.response(request))

    def spoken_in(
        self, dialect: Dialect, headers: Mapping[str, str], key: str, request: dict[str, Any]
    ) -> tuple[int, str]:
        if not key.removeprefix("Bearer ").startswith("sk-"):
            return 401, error("invalid x-api-key", "authentication_error")
        if fault := dialect.fault(headers, request) or schema_fault(dialect.schema(request)):
            return 400, error(fault, "invalid_request_error")
        return 200, json.dumps(dialect.answer(request, self.words(dialect, request), self.ends, self.refusal))

    def words(self, dialect: Dialect, request: dict[str, Any]) -> str:
        if not self.brain:
            return self.output
        made = self.brain(json.loads(dialect.question(request)))
        assert conforms(dialect.schema(request), made)
        return json.dumps(made)

    def response(self, request: dict[str, Any]) -> dict[str, Any]:
        text = self.output
        if self.brain:
            made = self.brain(json.loads(request["input"]))
            assert conforms(request["text"]["format"]["schema"], made)
            text = json.dumps(made)
        part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
        if self.refusal:
            part = {"type": "refusal", "refusal": self.refusal}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": self.ends, "content": [part]}
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1795000000,
            "status": self.ends,
            "incomplete_details": {"reason": "max_output_tokens"} if self.ends == "incomplete" else None,
            "model": request["model"],
            "output": [message],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": {
                "input_tokens": 321,
                "output_tokens": 45,
                "total_tokens": 366,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": 0},
            },
        }


def error(message: str, kind: str, *, code: str | None = None, param: str | None = None) -> str:
    return json.dumps({"error": {"message": message, "type": kind, "code": code, "param": param}})


def fault_of(path: str, key: str, request: dict[str, Any]) -> tuple[int, str] | None:
    """Return what the real server answers to a request that it does not take."""
    if path != "/v1/responses":
        return 404, error(f"Invalid URL (POST {path})", "invalid_request_error")
    if not key.startswith("Bearer sk-"):
        return 401, error("Incorrect API key provided", "invalid_request_error", code="invalid_api_key")
    for name in ("model", "input"):
        if not isinstance(request.get(name), str) or not request[name]:
            return 400, error(f"Missing required parameter: '{name}'.", "invalid_request_error", param=name)
    asked = request.get("text", {}).get("format", {})
    if asked.get("type") != "json_schema" or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", asked.get("name", "")):
        return 400, error("Invalid value: 'text.format'.", "invalid_request_error", param="text.format")
    if asked.get("strict") and (reason := schema_fault(asked.get("schema", {}))):
        code = "invalid_json_schema"
        return 400, error(f"Invalid schema: {reason}", "invalid_request_error", code=code, param="text.format.schema")
    return None


def schema_fault(schema: dict[str, Any]) -> str:
    """Return why a schema is not taken in strict mode: every property required, nothing else allowed, known words only."""
    if foreign := set(schema) - SCHEMA_WORDS:
        return f"{foreign} is not permitted"
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            return "'required' is required to include every key in properties"
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *filter(None, [schema.get("items")])]
    return next((fault for fault in map(schema_fault, inner) if fault), "")


def conforms(schema: dict[str, Any], value: Any) -> bool:
    """Tell whether a strict answer could look like this."""
    if "anyOf" in schema:
        return any(conforms(option, value) for option in schema["anyOf"])
    if not isinstance(value, JSON_TYPES[schema["type"]]) or value not in schema.get("enum", [value]):
        return False
    if isinstance(value, dict):
        names = schema["properties"]
        return set(value) == set(names) and all(conforms(names[name], item) for name, item in value.items())
    return not isinstance(value, list) or all(conforms(schema["items"], item) for item in value)


def drip(file: Any, over: threading.Event) -> None:
    """Give a space, which JSON may begin with, often enough that no single wait is long."""
    while not over.wait(0.05):
        file.write(b" ")
        file.flush()


@contextmanager
def serving() -> Iterator[OpenAiServer]:
    state = OpenAiServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, payload = state.answer(self.path, headers, request)
            data = payload.encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                if status == 429:
                    self.send_header("Retry-After", "20")
                self.end_headers()
                if state.drips:
                    drip(self.wfile, state.over)
                self.wfile.write(data[: len(data) // 2] if state.cuts else data)
                self.close_connection = True
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.home = f"http://127.0.0.1:{server.server_port}"
    state.url = f"{state.home}/v1"
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
