"""WAHA (WhatsApp HTTP API). Facts: the project's documentation 2026.7 and answers recorded from server 2024.10.8."""

import hashlib
import hmac
from typing import Any

import orjson

from gateways.contract import (
    ConnectionReport,
    FailureKind,
    HttpCall,
    HttpReply,
    Ignored,
    MediaRef,
    NumberAnswer,
    Operation,
    Outcome,
    OutgoingMessage,
    Parsed,
    RawHook,
    SendResult,
    TransportFailure,
)
from gateways.providers.waha.config import WahaConfig
from gateways.providers.waha.payloads import SESSION_STATES, message_id, read_event

EVENTS = ["message.any", "message.ack", "session.status"]
MEDIA_PATHS = {"image": "/api/sendImage", "video": "/api/sendVideo", "audio": "/api/sendVoice"}


class WahaAdapter:
    code = "waha"
    label = "WAHA"
    config_model = WahaConfig
    uses_qr = True
    sends_media = True
    is_paced = True
    connection_marks = (b'"session.status"',)

    def send(self, config: WahaConfig, message: OutgoingMessage) -> Operation[SendResult]:
        chat_id = message.chat_id
        if not chat_id:
            # A wrong ninth digit is accepted and silently lost, so the server is asked before the first message.
            answer = yield from self.check_number(config, message.phone)
            if answer.exists is False:
                return SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp", detail="This number has no WhatsApp.")
            if answer.exists is None:
                return SendResult(Outcome.CHANNEL_DOWN, code="check_failed", detail=answer.detail)
            chat_id = answer.chat_id
        reply = yield self._send_call(config, message, chat_id)
        return read_send(reply, chat_id)

    def _send_call(self, config: WahaConfig, message: OutgoingMessage, chat_id: str) -> HttpCall:
        body: dict[str, Any] = {"session": config.session, "chatId": chat_id}
        if message.reply_to:
            body["reply_to"] = message.reply_to
        path = "/api/sendText"
        if media := message.media:
            path = MEDIA_PATHS.get(media.kind, "/api/sendFile")
            body |= {"file": {"mimetype": media.mimetype, "filename": media.filename, "data": media.data_base64}}
            body |= {"convert": True} if media.kind in {"audio", "video"} else {}
            body |= {"caption": message.text} if message.text else {}
        else:
            body["text"] = message.text
        # A session that is not ready answers after about five seconds, so the limit is well above that.
        return HttpCall("POST", config.address(path), config.headers, body, effectful=True, timeout_seconds=30)

    def check_number(self, config: WahaConfig, phone: str) -> Operation[NumberAnswer]:
        path = f"/api/contacts/check-exists?phone={phone.lstrip('+')}&session={config.session}"
        reply = yield HttpCall("GET", config.address(path), config.headers, timeout_seconds=15)
        if isinstance(reply, TransportFailure):
            return NumberAnswer(None, detail=reply.detail)
        answer = reply.json()
        if reply.status != 200 or not isinstance(answer, dict) or "numberExists" not in answer:
            return NumberAnswer(None, detail=f"HTTP {reply.status}")
        chat_id = str(answer.get("chatId") or f"{phone.lstrip('+')}@c.us")
        return NumberAnswer(bool(answer["numberExists"]), chat_id)

    def connect(self, config: WahaConfig, webhook_url: str) -> Operation[ConnectionReport]:
        body = {"name": config.session, "start": True, "config": {"webhooks": [self._webhook(config, webhook_url)]}}
        reply = yield HttpCall("POST", config.address("/api/sessions"), config.headers, body)
        if isinstance(reply, HttpReply) and reply.status == 422:
            # The session exists already (the free edition always has "default"): give it our settings and start it.
            path = f"/api/sessions/{config.session}"
            yield HttpCall("PUT", config.address(path), config.headers, {"config": body["config"]})
            yield HttpCall("POST", config.address(f"{path}/start"), config.headers, {})
        elif isinstance(reply, HttpReply) and reply.status in {401, 403}:
            return ConnectionReport("disconnected", "unauthorised")
        return (yield from self.health(config))

    @staticmethod
    def _webhook(config: WahaConfig, url: str) -> dict[str, Any]:
        webhook: dict[str, Any] = {
            "url": url,
            "events": EVENTS,
            "retries": {"policy": "exponential", "delaySeconds": 2, "attempts": 15},
        }
        return webhook | ({"hmac": {"key": config.hmac_key}} if config.hmac_key else {})

    def health(self, config: WahaConfig) -> Operation[ConnectionReport]:
        reply = yield HttpCall("GET", config.address(f"/api/sessions/{config.session}"), config.headers, timeout_seconds=10)
        if isinstance(reply, TransportFailure):
            return ConnectionReport("disconnected", reply.detail)
        answer = reply.json()
        if reply.status != 200 or not isinstance(answer, dict):
            reasons = {401: "unauthorised", 403: "unauthorised", 404: "no session"}
            return ConnectionReport("disconnected", reasons.get(reply.status, f"HTTP {reply.status}"))
        status = str(answer.get("status") or "")
        state = SESSION_STATES.get(status, "connecting")
        qr = (yield from self._qr(config)) if state == "qr_required" else ""
        me = answer.get("me")
        phone = str(me.get("id") or "").split("@")[0] if isinstance(me, dict) else ""
        return ConnectionReport(state, status, f"+{phone}" if phone else "", qr)

    def _qr(self, config: WahaConfig) -> Operation[str]:
        url = config.address(f"/api/{config.session}/auth/qr?format=raw")
        reply = yield HttpCall("GET", url, {**config.headers, "Accept": "application/json"}, timeout_seconds=10)
        answer = reply.json() if isinstance(reply, HttpReply) and reply.status == 200 else None
        return str(answer.get("value") or "") if isinstance(answer, dict) else ""

    def disconnect(self, config: WahaConfig) -> Operation[ConnectionReport]:
        yield HttpCall("POST", config.address(f"/api/sessions/{config.session}/logout"), config.headers, {})
        return ConnectionReport("disconnected", "logout")

    def media_call(self, config: WahaConfig, media: MediaRef) -> HttpCall | None:
        return HttpCall("GET", config.address(media.url), config.headers) if media.url.startswith("/") else None

    def verify_hook(self, config: WahaConfig, hook: RawHook) -> bool:
        if not config.hmac_key:
            return True
        expected = hmac.new(config.hmac_key.encode(), hook.body, hashlib.sha512).hexdigest()
        given = hook.headers.get("x-webhook-hmac", "")
        return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))

    def dedupe_key(self, hook: RawHook) -> str:
        given = hook.headers.get("x-webhook-request-id", "")
        return given[:120] if given else hashlib.sha256(hook.body).hexdigest()

    def redact(self, config: WahaConfig, body: bytes) -> bytes:
        for secret in (config.api_key, config.hmac_key):
            if secret:
                body = body.replace(secret.encode(), b"[redacted]")
        return body

    def parse(self, config: WahaConfig, body: bytes) -> list[Parsed]:
        try:
            event = orjson.loads(body)
        except orjson.JSONDecodeError:
            return [Ignored("not JSON")]
        return read_event(event) if isinstance(event, dict) else [Ignored("not an object")]


def read_send(reply: HttpReply | TransportFailure, chat_id: str) -> SendResult:
    """Judge the answer to a send: only what is documented as refused fails a message, doubt stays doubt."""
    if isinstance(reply, TransportFailure):
        if reply.kind is FailureKind.NOT_SENT:
            # The gateway itself does not answer: the channel is down, the message is not to blame.
            return SendResult(Outcome.CHANNEL_DOWN, chat_id=chat_id, code="unreachable", detail=reply.detail)
        return SendResult(Outcome.UNKNOWN, chat_id=chat_id, code="no_answer", detail=reply.detail)
    answer = reply.json()
    detail = _detail(answer)
    match reply.status:
        case status if 200 <= status < 300:
            external_id = message_id(answer)
            outcome = Outcome.SENT if external_id else Outcome.UNKNOWN
            return SendResult(outcome, external_id, chat_id, "" if external_id else "no_id", "" if external_id else detail)
        case 429:
            return SendResult(Outcome.LATER, "", chat_id, "429", detail, reply.retry_after_seconds or 30)
        case 401 | 403 | 404:
            return SendResult(Outcome.CHANNEL_DOWN, "", chat_id, str(reply.status), detail)
        case 422 if isinstance(answer, dict) and "expected" in answer:
            return SendResult(Outcome.CHANNEL_DOWN, "", chat_id, "not_working", detail)
        case status if 400 <= status < 500:
            return SendResult(Outcome.REFUSED, "", chat_id, str(status), detail)
    return SendResult(Outcome.UNKNOWN, "", chat_id, str(reply.status), detail)


def _detail(answer: Any) -> str:
    if not isinstance(answer, dict):
        return ""
    return str(answer.get("message") or answer.get("error") or "")[:400]
