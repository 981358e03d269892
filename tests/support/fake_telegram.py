"""Telegram's Bot API on loopback: tokens, chats that know the bot, documented refusals, and servers that fail."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback import JsonHandler, listening

TOKEN = "7700000001:AAFakeFakeFakeFakeFakeFakeFakeFakeFak"  # of nobody's bot
CHAT = "777"


@dataclass
class FakeTelegram:
    """``sent`` are (chat, text) as they arrived. ``faults`` are used up one per call: ``down`` is an error of
    Telegram's own, ``gateway`` a 502 of whoever stands before it, ``busy`` 429, ``blocked`` 403; ``lost`` sends and cuts."""

    url: str = ""
    token: str = TOKEN
    chats: set[str] = field(default_factory=lambda: {CHAT})
    sent: list[tuple[str, str]] = field(default_factory=list)
    calls: int = 0
    faults: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def texts(self) -> list[str]:
        return [text for _chat, text in self.sent]

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        """Return status and body; None cuts the connection."""
        with self._lock:
            self.calls += 1
            if path != f"/bot{self.token}/sendMessage":
                return _error(404, "Not Found")
            fault = self.faults.pop(0) if self.faults else ""
            if fault == "down":
                return _error(500, "Internal Server Error")
            if fault == "gateway":
                return 502, {}
            if fault == "busy":
                return _error(429, "Too Many Requests: retry after 14", retry_after=14)
            if fault == "blocked":
                return _error(403, "Forbidden: bot was blocked by the user")
            chat, text = str(body.get("chat_id", "")), body.get("text", "")
            if chat not in self.chats:
                return _error(400, "Bad Request: chat not found")
            if not text or len(text) > 4096:
                return _error(400, "Bad Request: message text is empty or too long")
            self.sent.append((chat, text))
            if fault == "lost":
                return None
            number = len(self.sent)
            return 200, {"ok": True, "result": {"message_id": number, "chat": {"id": chat}, "text": text}}


def _error(code: int, description: str, **parameters: Any) -> tuple[int, Any]:
    said: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    return code, said | ({"parameters": parameters} if parameters else {})


@contextmanager
def fake_telegram() -> Iterator[FakeTelegram]:
    fake = FakeTelegram()

    class Handler(JsonHandler):
        def serve(self) -> None:
            body = json.loads(self.body() or b"{}")
            answer = fake.answer(self.path, body)
            if answer is None:
                self.close_connection = True
                return
            self.write(*answer)

    with listening(Handler) as fake.url:
        yield fake
