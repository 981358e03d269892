"""A loopback server that speaks OpenAI's embeddings: texts that share words lie near each other."""

import json
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sdr.engine.words import content_words


@dataclass
class EmbeddingServer:
    """``meanings`` gives a text the meaning of another."""

    status: int = 200
    meanings: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests.append(request)
        if self.status != 200 or path != "/v1/embeddings":
            return self.status if path == "/v1/embeddings" else 404, {"error": {"message": "no", "type": "error"}}
        data = [
            {"object": "embedding", "index": number, "embedding": self.vector(text, request["dimensions"])}
            for number, text in enumerate(request["input"])
        ]
        usage = {"prompt_tokens": 12, "total_tokens": 12}
        return 200, {"object": "list", "data": data, "model": request["model"], "usage": usage}

    def vector(self, text: str, dimensions: int) -> list[float]:
        numbers = [0.0] * dimensions
        for word in content_words(self.meanings.get(text, text)):
            numbers[zlib.crc32(word[:6].encode()) % dimensions] += 1.0
        return numbers if any(numbers) else [1.0] * dimensions


@contextmanager
def embedding() -> Iterator[EmbeddingServer]:
    state = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, answer = state.answer(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
