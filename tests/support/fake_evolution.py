"""An Evolution API 2.3.6 as it was measured: same answers, same errors, same odd statuses."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_gateway import FakeGateway
from tests.support.fake_http import Request, Response

ROUTE = re.compile(r"/(instance|message|chat|webhook)/(\w+)(?:/([^/]+))?")


def refused(status: int, words: Any) -> Response:
    names = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}
    return Response(status, {"status": status, "error": names[status], "response": {"message": words}})


@dataclass
class Instance:
    state: str = "close"
    webhook: dict[str, Any] = field(default_factory=dict)
    code: int | None = None
    scans: int = 0


@dataclass
class FakeEvolution(FakeGateway):
    """``nobody`` are digits without WhatsApp; ``files`` base64 by message id. A new instance waits for its code."""

    key: str = "chave"
    instances: dict[str, Instance] = field(default_factory=dict)
    nobody: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)

    def serve(self, request: Request) -> Response:
        if request.headers.get("apikey") != self.key:
            return refused(401, "Unauthorized")
        route = ROUTE.fullmatch(request.path)
        if route is None:
            return refused(404, [f"Cannot {request.method} {request.path}"])
        area, verb, name = route[1], route[2], route[3] or ""
        if verb == "create":
            return self._create(request.json() or {})
        if verb == "fetchInstances":
            wanted = request.query.partition("=")[2]
            return Response(200, [self._shown(name) for name in self.instances if name == wanted])
        instance = self.instances.get(name)
        if instance is None:
            return refused(404, [f'The "{name}" instance does not exist'])
        return self._about(area, verb, name, instance, request)

    def _create(self, body: dict[str, Any]) -> Response:
        name = body.get("instanceName", "")
        if body.get("integration") not in {"WHATSAPP-BAILEYS", "WHATSAPP-BUSINESS", "EVOLUTION"}:
            return refused(400, ["Invalid integration"])
        if name in self.instances:
            return refused(403, [f'This name "{name}" is already in use.'])
        self.instances[name] = Instance(webhook=body.get("webhook") or {})
        shown = {"instanceName": name, "instanceId": "3d46", "integration": body["integration"], "status": "close"}
        return Response(201, {"instance": shown, "hash": "043AB5CC", "webhook": {}, "settings": {}})

    def _shown(self, name: str) -> dict[str, Any]:
        instance = self.instances[name]
        owner = "5511988880000@s.whatsapp.net" if instance.state == "open" else None
        return {"name": name, "connectionStatus": instance.state, "ownerJid": owner, "token": "043AB5CC",
                "disconnectionReasonCode": instance.code}  # fmt: skip

    def _about(self, area: str, verb: str, name: str, instance: Instance, request: Request) -> Response:
        body = request.json() or {}
        match area, verb:
            case "instance", "connectionState":
                return Response(200, {"instance": {"instanceName": name, "state": instance.state}})
            case "instance", "connect":
                return self._connect(name, instance, request.query)
            case "instance", "logout":
                if instance.state == "close":
                    return refused(400, [f'The "{name}" instance is not connected'])
                instance.state = "close"
                return Response(
                    200, {"status": "SUCCESS", "error": False, "response": {"message": "Instance logged out"}}
                )
            case "webhook", "set":
                return self._set_webhook(instance, body)
            case "chat", "whatsappNumbers":
                return self._check(instance, body)
            case "chat", "sendPresence":
                return Response(201, {"presence": body.get("presence")})
            case "chat", "getBase64FromMediaMessage":
                data = self.files.get(body.get("message", {}).get("key", {}).get("id", ""))
                return (
                    Response(201, {"mimetype": "image/jpeg", "base64": data}) if data else refused(400, ["not found"])
                )
            case "message", ("sendText" | "sendMedia" | "sendWhatsAppAudio"):
                return self._send(verb, name, instance, body)
        return refused(404, [f"Cannot {request.method} {request.path}"])

    def _connect(self, name: str, instance: Instance, query: str) -> Response:
        if instance.state == "open":
            return Response(200, {"instance": {"instanceName": name, "state": "open"}})
        instance.state, instance.scans = "connecting", instance.scans + 1
        pairing = "ABCD1234" if query.startswith("number=") else None
        return Response(200, {"pairingCode": pairing, "code": f"2@code,{instance.scans}", "base64": "", "count": 1})

    @staticmethod
    def _set_webhook(instance: Instance, body: dict[str, Any]) -> Response:
        if "webhook" not in body:
            return refused(400, [['instance requires property "webhook"']])
        if "events" not in body["webhook"]:
            return refused(500, "Cannot read properties of undefined (reading 'length')")
        instance.webhook = body["webhook"]
        return Response(201, {"id": "cmwp", **body["webhook"]})

    def _check(self, instance: Instance, body: dict[str, Any]) -> Response:
        if instance.state == "close":
            return Response(400, {})
        if instance.state != "open":
            inner = {"statusCode": 428, "error": "Precondition Required", "message": "Connection Closed"}
            output = {"statusCode": 428, "payload": inner, "headers": {}}
            return Response(400, {"data": None, "isBoom": True, "isServer": False, "output": output})
        return Response(200, [self._number(number) for number in body["numbers"]])

    def _number(self, number: str) -> dict[str, Any]:
        # Old accounts outside of the first area codes keep eight digits.
        digits = number[:4] + number[5:] if len(number) == 13 and number[2] >= "3" else number
        return {"jid": f"{digits}@s.whatsapp.net", "exists": number not in self.nobody, "number": number}

    def _send(self, verb: str, name: str, instance: Instance, body: dict[str, Any]) -> Response:
        if instance.state == "close":
            return refused(500, "Cannot read properties of undefined (reading 'onWhatsApp')")
        if instance.state != "open":
            return refused(500, "Connection Closed")
        if verb == "sendText" and "text" not in body:
            return refused(400, [['instance requires property "text"']])
        identifier = f"3EB0{len(self.accepted) + 1:06X}"
        self.accepted.append({"to": body["number"], "kind": verb, "id": identifier, **body})
        key = {"remoteJid": f"{body['number']}@s.whatsapp.net", "fromMe": True, "id": identifier}
        data = {"key": key, "pushName": "Você", "status": "PENDING", "message": {"conversation": body.get("text", "")},
                "messageType": "conversation", "messageTimestamp": int(time.time())}  # fmt: skip
        self.hook(name, "send.message", data)
        return Response(201, data)

    # ---- Webhooks

    def hook(self, name: str, event: str, data: Any) -> None:
        """Send an event of an instance to its webhook."""
        webhook = self.instances[name].webhook
        if webhook.get("url") and event.upper().replace(".", "_") in webhook.get("events", []):
            envelope = {"event": event, "instance": name, "data": data, "destination": webhook["url"],
                        "date_time": "2026-11-20T23:35:41.266Z", "server_url": "http://evo", "apikey": "043AB5CC"}  # fmt: skip
            self.post_hook(webhook["url"], envelope, webhook.get("headers"))

    def scan(self, name: str) -> None:
        """Let somebody scan the code."""
        self.instances[name].state = "open"
        news = {"instance": name, "wuid": "5511988880000@s.whatsapp.net", "state": "open", "statusReason": 200}
        self.hook(name, "connection.update", news)

    def drop(self, name: str, code: int) -> None:
        """Let WhatsApp end the session, as Evolution tells it."""
        self.instances[name].state, self.instances[name].code = "close", code
        self.hook(name, "status.instance", {"instance": name, "status": "closed", "disconnectionReasonCode": code})
        self.hook(name, "connection.update", {"instance": name, "state": "close", "statusReason": code})

    def write(self, name: str, digits: str, text: str, identifier: str) -> None:
        """Let a customer write."""
        key = {"remoteJid": f"{digits}@s.whatsapp.net", "fromMe": False, "id": identifier}
        self.hook(name, "messages.upsert", {"key": key, "pushName": "Paula", "message": {"conversation": text},
                                            "messageType": "conversation", "messageTimestamp": int(time.time())})  # fmt: skip

    def acknowledge(self, name: str, identifier: str, status: str) -> None:
        self.hook(name, "messages.update", {"keyId": identifier, "fromMe": True, "status": status})
