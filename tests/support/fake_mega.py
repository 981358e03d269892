"""Mega API as its own samples describe it: an instance that waits for its code, sends, and tells without signatures."""

import re
import time
from dataclasses import dataclass
from typing import Any

from tests.support.fake_gateway import FakeGateway
from tests.support.fake_http import Request, Response

KEY = "megastart-abc"
DRAWING = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ROUTE = re.compile(r"/rest/(instance|sendMessage|webhook|chat)/(.+)")


@dataclass
class FakeMega(FakeGateway):
    token: str = "mega-token-77aa21"
    is_connected: bool = False
    hook_url: str = ""
    nobody: str = ""

    def serve(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Response(401, {"error": True, "message": "unauthorized"})
        route = ROUTE.fullmatch(request.path)
        if route is None or KEY not in route[2]:
            return Response(404, {"error": True, "message": "Instance not found"})
        return self._answer(route[1], route[2].replace(KEY, "{k}"), request)

    def _answer(self, area: str, path: str, request: Request) -> Response:
        body = request.json() or {}
        match area, path:
            case "instance", "{k}":
                user = {"id": "5511988880000:12@s.whatsapp.net", "name": "Loja"} if self.is_connected else {}
                return Response(
                    200,
                    {
                        "error": False,
                        "instance": {"status": "connected" if self.is_connected else "disconnected", "user": user},
                    },
                )
            case "instance", "qrcode_base64/{k}":
                return Response(200, {"qrcode": DRAWING})
            case "instance", "pairingCode/{k}":
                return Response(200, {"pairingCode": "ABCD1234"})
            case "instance", "isOnWhatsApp/{k}":
                return self._check(request.query.removeprefix("jid=").replace("%40", "@"))
            case "instance", "downloadMediaMessage/{k}":
                return Response(200, {"data": "data:image/jpeg;base64,aW1hZ2Vt"})
            case "webhook", "{k}/configWebhook":
                self.hook_url = body["messageData"]["webhookUrl"]
                return Response(200, {"error": False})
            case "sendMessage", _:
                return self._send(path.rpartition("/")[2], body.get("messageData", {}))
        return Response(200, {"error": False})

    def _check(self, jid: str) -> Response:
        digits = jid.partition("@")[0]
        if digits == self.nobody:
            return Response(200, {"error": False, "exists": False})
        found = digits[:4] + digits[5:] if len(digits) == 13 and digits[2] >= "3" else digits
        return Response(200, {"error": False, "exists": True, "jid": f"{found}@s.whatsapp.net"})

    def _send(self, kind: str, data: dict[str, Any]) -> Response:
        if not self.is_connected:
            return Response(400, {"error": True, "message": "Phone not connected"})
        identifier = f"3EB0{len(self.accepted) + 1:06X}"
        self.accepted.append({"kind": kind, "id": identifier, **data})
        return Response(
            200, {"error": False, "messageData": {"key": {"id": identifier, "remoteJid": data["to"], "fromMe": True}}}
        )

    def tell(self, kind: str, **part: Any) -> None:
        self.post_hook(self.hook_url, {"instance_key": KEY, "messageType": kind, **part})

    def scan(self) -> None:
        self.is_connected = True
        self.tell("connection_update", message="phone_connected", jid="5511988880000:12@s.whatsapp.net")

    def write(self, digits: str, text: str, identifier: str) -> None:
        key = {"remoteJid": f"{digits}@s.whatsapp.net", "fromMe": False, "id": identifier}
        self.tell(
            "conversation", key=key, pushName="Paula", message={"conversation": text}, messageTimestamp=int(time.time())
        )

    def acknowledge(self, identifier: str, status: int) -> None:
        self.tell("message.ack", key={"id": identifier, "fromMe": True}, update={"status": status})
