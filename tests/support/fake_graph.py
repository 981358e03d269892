"""Meta's Graph API as far as the product uses it: messages, files, templates, numbers, webhooks with signatures."""

import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import orjson
import requests

from tests.support.fake_gateway import FakeGateway
from tests.support.fake_http import Request, Response

PATH = re.compile(r"/v[0-9]+\.[0-9]/(.+)")
NUMBER, WABA, PAGE = "106540352242922", "2100000001", "3300000001"


def graph_error(code: int, *, status: int = 400, subcode: int = 0, details: str = "") -> Response:
    error = {"message": f"(#{code}) words", "type": "OAuthException", "code": code, "fbtrace_id": "A",
             "error_data": {"messaging_product": "whatsapp", "details": details}}  # fmt: skip
    return Response(status, {"error": error | ({"error_subcode": subcode} if subcode else {})})


@dataclass
class FakeGraph(FakeGateway):
    """``templates`` are as Meta keeps them; ``page_size`` makes it give them in pages; ``hook_url`` is the app's webhook."""

    token: str = "EAAtoken77aa21"
    secret: str = "appsecret12345"
    status: str = "CONNECTED"
    quality: str = "GREEN"
    tier: str = "TIER_2K"
    business: str = "7700000001"
    templates: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    page_size: int = 100
    hook_url: str = ""
    verify_token: str = ""
    url: str = ""

    def serve(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return graph_error(190, status=401)
        if request.path.startswith("/files/"):
            return Response(200, self.files.get(request.path.removeprefix("/files/"), b""))
        match = PATH.fullmatch(request.path)
        return self._route(match[1], request) if match else graph_error(100, status=404)

    def _route(self, path: str, request: Request) -> Response:
        if path.endswith("/messages"):
            return self._send(path.removesuffix("/messages"), request.json() or {})
        if path.endswith("/media"):
            self.files[f"up{len(self.files)}"] = request.body
            return Response(200, {"id": str(700000 + len(self.files))})
        if path.endswith("/subscribed_apps"):
            return Response(200, {"success": True})
        if path == f"{WABA}/message_templates":
            return self._templates(request)
        if path == WABA:
            return self._account()
        if path == NUMBER:
            return self._number(request)
        if path in self.people:
            return Response(200, {"id": path, **self.people[path]})
        if path in self.files:
            return Response(200, {"url": f"{self.url}/files/{path}", "mime_type": "image/jpeg", "id": path})
        if path in {PAGE, "me"}:
            return Response(
                200, {"id": PAGE, "name": "Loja", "username": "loja", "instagram_business_account": {"id": PAGE}}
            )
        return graph_error(100)

    def _account(self) -> Response:
        owner = {"owner_business_info": {"id": self.business, "name": "Loja"}} if self.business else {}
        return Response(200, {"id": WABA, **owner})

    def _number(self, request: Request) -> Response:
        if request.method == "POST":
            hook = (request.json() or {}).get("webhook_configuration", {})
            self.hook_url, self.verify_token = hook.get("override_callback_uri", ""), hook.get("verify_token", "")
            return Response(200, {"success": True})
        shown = {"id": NUMBER, "display_phone_number": "+55 11 3000-0002", "verified_name": "Loja", "status": self.status,
                 "quality_rating": self.quality, "whatsapp_business_manager_messaging_limit": self.tier}  # fmt: skip
        return Response(200, shown)

    def _send(self, sender: str, body: dict[str, Any]) -> Response:
        identifier = f"wamid.OUT{len(self.accepted) + 1}"
        self.accepted.append({"id": identifier, "from": sender, **body})
        if "recipient" in body:  # Messenger and Instagram
            return Response(200, {"recipient_id": body["recipient"]["id"], "message_id": identifier})
        to = str(body["to"])
        found = to[:4] + to[5:] if len(to) == 13 and to[2] >= "3" else to
        return Response(200, {"messaging_product": "whatsapp", "contacts": [{"input": to, "wa_id": found}],
                              "messages": [{"id": identifier, "message_status": "accepted"}]})  # fmt: skip

    # ---- Templates

    def _templates(self, request: Request) -> Response:
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        if request.method == "DELETE":
            self.templates = [one for one in self.templates if one["name"] != query["name"]]
            return Response(200, {"success": True})
        if request.method == "GET":
            return self._page(query)
        body = request.json() or {}
        if any(one["name"] == body["name"] and one["language"] == body["language"] for one in self.templates):
            return graph_error(100, details="There is already content for this name and language.")
        made = {**body, "id": str(5000 + len(self.templates)), "status": "PENDING"}
        self.templates.append(made)
        return Response(200, {"id": made["id"], "status": "PENDING", "category": body["category"]})

    def _page(self, query: dict[str, str]) -> Response:
        start = int(query.get("after", "0"))
        end = start + min(self.page_size, int(query.get("limit", "100")))
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(self.templates):
            rest = urlencode({**query, "after": str(end)})
            paging["next"] = f"{self.url}/v23.0/{WABA}/message_templates?{rest}"
        return Response(200, {"data": self.templates[start:end], "paging": paging})

    def decide(self, name: str, status: str, reason: str = "NONE", *, tells: bool = True) -> None:
        """Let Meta decide about a template, and say so or not."""
        found = next(one for one in self.templates if one["name"] == name)
        found["status"], found["rejected_reason"] = status, reason
        if tells:
            value = {"event": status, "message_template_id": int(found["id"]), "message_template_name": name,
                     "message_template_language": found["language"], "reason": reason}  # fmt: skip
            self.tell("message_template_status_update", value)

    # ---- Webhooks

    def shake_hands(self) -> requests.Response:
        """Ask the webhook whether it is ours, as Meta does before it believes an address."""
        query = {"hub.mode": "subscribe", "hub.challenge": "12345", "hub.verify_token": self.verify_token}
        return requests.get(self.hook_url, params=query, timeout=10)

    def tell(self, field: str, value: dict[str, Any]) -> None:
        entry = {"id": WABA, "changes": [{"field": field, "value": value}]}
        self.sign_and_post({"object": "whatsapp_business_account", "entry": [entry]})

    def sign_and_post(self, body: dict[str, Any]) -> None:
        raw = orjson.dumps(body)
        signature = "sha256=" + hmac.new(self.secret.encode(), raw, hashlib.sha256).hexdigest()
        self.post_raw(self.hook_url, raw, {"X-Hub-Signature-256": signature})

    def write(self, digits: str, text: str, identifier: str) -> None:
        """Let a customer write."""
        message = {
            "from": digits,
            "id": identifier,
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text},
        }
        self.messages({"contacts": [{"profile": {"name": "Paula"}, "wa_id": digits}], "messages": [message]})

    def messages(self, part: dict[str, Any]) -> None:
        metadata = {"display_phone_number": "551130000002", "phone_number_id": NUMBER}
        self.tell("messages", {"messaging_product": "whatsapp", "metadata": metadata, **part})

    def acknowledge(self, identifier: str, status: str, code: int = 0) -> None:
        errors = [{"code": code, "title": "t", "error_data": {"details": "d"}}] if code else []
        one = {"id": identifier, "status": status, "timestamp": str(int(time.time())), "recipient_id": "x"}
        self.messages({"statuses": [one | ({"errors": errors} if errors else {})]})
