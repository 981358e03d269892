"""Telegram's Bot API as far as the product uses it: one bot, its webhook with the secret, files, limits."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_gateway import FakeGateway
from tests.support.fake_http import Request, Response

PATH = re.compile(r"/bot([^/]+)/(\w+)")


@dataclass
class FakeTelegram(FakeGateway):
    """``blocked`` are chats that do not want the bot any more; ``files`` bytes by file id."""

    token: str = "1234567:AAtoken-77aa21bb"
    hook_url: str = ""
    secret: str = ""
    blocked: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    updates: int = 9000

    def serve(self, request: Request) -> Response:
        if request.path.startswith(f"/file/bot{self.token}/"):
            return Response(200, self.files[request.path.rpartition("/")[2]])
        match = PATH.fullmatch(request.path)
        if match is None or match[1] != self.token:
            return self._refused(404 if match is None else 401, "Unauthorized")
        return self._call(match[2], request)

    @staticmethod
    def _refused(code: int, words: str) -> Response:
        return Response(code, {"ok": False, "error_code": code, "description": words})

    def _call(self, method: str, request: Request) -> Response:
        body = request.json() or {}
        match method:
            case "getMe":
                return self._done({"id": 1, "is_bot": True, "username": "loja_bot"})
            case "setWebhook":
                self.hook_url, self.secret = body["url"], body.get("secret_token") or ""
                return self._done(True)
            case "deleteWebhook":
                self.hook_url = ""
                return self._done(True)
            case "getWebhookInfo":
                return self._done({"url": self.hook_url, "pending_update_count": 0})
            case "getFile":
                return self._done({"file_id": body["file_id"], "file_path": f"photos/{body['file_id']}"})
            case "sendChatAction":
                return self._done(True)
        return self._send(method, body, request.body)

    def _send(self, method: str, body: dict[str, Any], raw: bytes) -> Response:
        chat = str(body.get("chat_id") or (re.search(rb'name="chat_id"\r\n\r\n(\d+)', raw) or [b"", b""])[1].decode())
        if chat in self.blocked:
            return self._refused(403, "Forbidden: bot was blocked by the user")
        number = len(self.accepted) + 100
        self.accepted.append({"method": method, "to": chat, "text": body.get("text", ""), "raw": raw})
        return self._done({"message_id": number, "chat": {"id": int(chat)}})

    @staticmethod
    def _done(result: Any) -> Response:
        return Response(200, {"ok": True, "result": result})

    def tell(self, kind: str, part: dict[str, Any]) -> None:
        self.updates += 1
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret}
        self.post_hook(self.hook_url, {"update_id": self.updates, kind: part}, headers)

    def write(self, chat: int, **part: Any) -> None:
        """Let a person write."""
        sender = {"id": chat, "is_bot": False, "first_name": "Paula"}
        whole = {
            "message_id": self.updates,
            "from": sender,
            "chat": {"id": chat, "type": "private"},
            "date": int(time.time()),
        }
        self.tell("message", whole | part)
