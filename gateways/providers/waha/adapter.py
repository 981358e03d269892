import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from gateways.calls import Answer, HttpCall, HttpReply, Operation, TransportFailure
from gateways.contract import (
    ConnectionReport,
    History,
    Ignored,
    MediaRef,
    NumberAnswer,
    Outcome,
    OutgoingMessage,
    Parsed,
    PlainAdapter,
    RawHook,
    SendResult,
)
from gateways.formats.jids import HIDDEN, phone_of
from gateways.formats.loose import inside, text
from gateways.providers.waha.config import WahaConfig
from gateways.providers.waha.history import read_history
from gateways.providers.waha.ids import chat_id as to_chat_id
from gateways.providers.waha.ids import full_id
from gateways.providers.waha.outcomes import CHANNEL_FAULTS, detail_of, read_check, read_send
from gateways.providers.waha.payloads import SESSION_STATES, event_key, read_event

EVENTS = ["message.any", "message.ack", "message.edited", "message.revoked", "message.reaction", "session.status"]
RETRIES = {"policy": "exponential", "delaySeconds": 2, "attempts": 15}
MEDIA_PATHS = {"image": "/api/sendImage", "video": "/api/sendVideo", "audio": "/api/sendVoice"}
# A session that is not ready answers after about five seconds, so every limit is well above that.
SEND_SECONDS, ASK_SECONDS, PRESENCE_SECONDS = 30.0, 15.0, 10.0
KEY_IGNORED = "key_ignored"
OF_A_MESSAGE = "/messages/"


class WahaAdapter(PlainAdapter):
    """WAHA (WhatsApp HTTP API), 2024.10 to 2026.7, all engines."""

    code = "waha"
    label = "WAHA"
    config_model = WahaConfig
    uses_qr = True
    is_paced = True
    gives_codes = True
    shows_presence = True
    keeps_history = True
    connection_marks = (b'"session.status"',)

    def send(self, config: WahaConfig, message: OutgoingMessage) -> Operation[SendResult]:
        chat = message.chat_id
        if not chat:
            # A wrong ninth digit is accepted and silently lost, so the server is asked before the first message.
            answer = yield from self._check(config, message.phone)
            if isinstance(answer, SendResult):
                return answer
            if answer.exists is False:
                return SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp", detail="This number has no WhatsApp.")
            chat = answer.chat_id
        # Without an answer the number is taken as it was written, and this guess is not remembered.
        reply = yield _send_call(config, message, chat or f"{message.phone.lstrip('+')}@c.us")
        return read_send(reply, chat)

    def check_number(self, config: WahaConfig, phone: str) -> Operation[NumberAnswer]:
        answer = yield from self._check(config, phone)
        return answer if isinstance(answer, NumberAnswer) else NumberAnswer(None, detail=answer.detail or answer.code)

    def _check(self, config: WahaConfig, phone: str) -> Operation[NumberAnswer | SendResult]:
        path = f"/api/contacts/check-exists?phone={phone.lstrip('+')}&session={config.session}"
        reply = yield HttpCall("GET", config.address(path), config.headers, timeout_seconds=ASK_SECONDS)
        return read_check(reply, phone)

    def connect(self, config: WahaConfig, webhook_url: str) -> Operation[ConnectionReport]:
        settings = {"webhooks": [_webhook(config, webhook_url)]}
        body = {"name": config.session, "start": True, "config": settings}
        reply = yield HttpCall("POST", config.address("/api/sessions"), config.headers, body)
        if isinstance(reply, HttpReply) and reply.status == 422 and "exists" in detail_of(reply.json()):
            # The free edition always has "default", stopped or not: give it our settings and start it.
            path = config.address(f"/api/sessions/{config.session}")
            reply = yield HttpCall("PUT", path, config.headers, {"config": settings})
            if isinstance(reply, HttpReply) and reply.status < 300:
                reply = yield HttpCall("POST", f"{path}/start", config.headers, {})
        trouble = _trouble(reply)
        return trouble or (yield from self.health(config))

    def health(self, config: WahaConfig) -> Operation[ConnectionReport]:
        url = config.address(f"/api/sessions/{config.session}")
        reply = yield HttpCall("GET", url, config.headers, timeout_seconds=ASK_SECONDS)
        trouble = _trouble(reply)
        if trouble or not isinstance(reply, HttpReply):
            return trouble or ConnectionReport("disconnected")
        answer = reply.json()
        if not isinstance(answer, dict):
            return ConnectionReport("disconnected", "not WAHA")
        status = str(answer.get("status") or "")[:60]
        state = SESSION_STATES.get(status, "connecting")
        qr = (yield from self._qr(config)) if state == "qr_required" else ""
        me = answer.get("me")
        phone = phone_of(to_chat_id(me.get("id"))) if isinstance(me, dict) else None
        warning = yield from self._key_warning(config, url)
        return ConnectionReport(state, status, phone or "", qr, warning)

    def _qr(self, config: WahaConfig) -> Operation[str]:
        url = config.address(f"/api/{config.session}/auth/qr?format=raw")
        headers = {**config.headers, "Accept": "application/json"}
        reply = yield HttpCall("GET", url, headers, timeout_seconds=ASK_SECONDS)
        answer = reply.json() if isinstance(reply, HttpReply) and reply.status == 200 else None
        value = answer.get("value") if isinstance(answer, dict) else None
        return value if isinstance(value, str) else ""

    def _key_warning(self, config: WahaConfig, url: str) -> Operation[str]:
        # Some builds ignore the key completely (seen in Core 2024.10.8), and nothing else would show it.
        if not config.key:
            return KEY_IGNORED
        wrong = {"X-Api-Key": hashlib.sha256(config.key.encode()).hexdigest()[:16]}
        reply = yield HttpCall("GET", url, wrong, timeout_seconds=ASK_SECONDS)
        return KEY_IGNORED if isinstance(reply, HttpReply) and reply.status == 200 else ""

    def disconnect(self, config: WahaConfig) -> Operation[ConnectionReport]:
        reply = yield HttpCall("POST", config.address(f"/api/sessions/{config.session}/logout"), config.headers, {})
        return _trouble(reply) or ConnectionReport("disconnected", "logout")

    def presence(self, config: WahaConfig, chat_id: str, typing: bool) -> Operation[str]:
        """Show that the chat was read and, if asked, that an answer is being typed; return what went wrong, if anything."""
        body = {"session": config.session, "chatId": chat_id}
        for path in ("/api/sendSeen", "/api/startTyping")[: 1 + typing]:
            reply = yield HttpCall("POST", config.address(path), config.headers, body, timeout_seconds=PRESENCE_SECONDS)
            if isinstance(reply, TransportFailure):
                return f"{path}: {reply.detail}"
            if reply.status >= 300:
                return f"{path}: HTTP {reply.status} {detail_of(reply.json())}".strip()
        return ""

    def fetch_media(self, config: WahaConfig, media: MediaRef) -> Operation[Answer | None]:
        if not media.url.startswith("/"):
            return None
        path = media.url
        if OF_A_MESSAGE in path:
            # A message of the past: asked for by itself, the server loads its file and says where it is.
            url = config.address(f"{path}?downloadMedia=true")
            reply = yield HttpCall("GET", url, config.headers, timeout_seconds=SEND_SECONDS)
            if not isinstance(reply, HttpReply) or reply.status >= 300:
                return reply
            path = urlsplit(text(inside(reply.json(), "media", "url"))).path
            if not path.startswith("/"):
                return None
        return (yield HttpCall("GET", config.address(path), config.headers))

    def pairing_code(self, config: WahaConfig, phone: str) -> Operation[str]:
        url, body = config.address(f"/api/{config.session}/auth/request-code"), {"phoneNumber": phone.lstrip("+")}
        reply = yield HttpCall("POST", url, config.headers, body, timeout_seconds=ASK_SECONDS)
        answer = reply.json() if isinstance(reply, HttpReply) and reply.status < 300 else None
        code = answer.get("code") if isinstance(answer, dict) else None
        return code if isinstance(code, str) else ""

    def resolve(self, config: WahaConfig, chat_id: str) -> Operation[str | None]:
        if not chat_id.endswith(HIDDEN):
            return phone_of(chat_id)
        url = config.address(f"/api/{config.session}/lids/{quote(chat_id, safe='')}")
        reply = yield HttpCall("GET", url, config.headers, timeout_seconds=ASK_SECONDS)
        answer = reply.json() if isinstance(reply, HttpReply) and reply.status == 200 else None
        return phone_of(to_chat_id(answer.get("pn"))) if isinstance(answer, dict) else None

    def history(self, config: WahaConfig, since: datetime, until: datetime) -> Operation[History]:
        return (yield from read_history(config, since, until))

    def verify_hook(self, config: WahaConfig, hook: RawHook) -> bool:
        if not config.hmac_key:
            return True
        expected = hmac.new(config.hmac_key.encode(), hook.body, hashlib.sha512).hexdigest()
        given = hook.headers.get("x-webhook-hmac", "").lower()
        return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))

    def dedupe_key(self, hook: RawHook) -> str:
        given = hook.headers.get("x-webhook-request-id", "")
        if given:
            return given[:120]
        try:
            return event_key(orjson.loads(hook.body)) or hashlib.sha256(hook.body).hexdigest()
        except orjson.JSONDecodeError:
            return hashlib.sha256(hook.body).hexdigest()

    def redact(self, config: WahaConfig, body: bytes) -> bytes:
        for secret in config.secrets:
            for form in {secret.encode(), orjson.dumps(secret)[1:-1]}:
                body = body.replace(form, b"[redacted]")
        return body

    def parse(self, config: WahaConfig, body: bytes) -> list[Parsed]:
        try:
            return read_event(orjson.loads(body))
        except orjson.JSONDecodeError:
            return [Ignored("not JSON")]


def _send_call(config: WahaConfig, message: OutgoingMessage, chat: str) -> HttpCall:
    body: dict[str, Any] = {"session": config.session, "chatId": chat}
    path = "/api/sendText"
    if message.reply_to:
        body["reply_to"] = full_id(message.reply_to, chat)
    if media := message.media:
        path = MEDIA_PATHS.get(media.kind, "/api/sendFile")
        body["file"] = {"mimetype": media.mimetype, "filename": media.filename, "data": media.data_base64}
        body |= {"convert": True} if media.kind in {"audio", "video"} else {}
        body |= {"caption": message.text} if message.text else {}
    else:
        body["text"] = message.text
    return HttpCall("POST", config.address(path), config.headers, body, effectful=True, timeout_seconds=SEND_SECONDS)


def _webhook(config: WahaConfig, url: str) -> dict[str, Any]:
    webhook: dict[str, Any] = {"url": url, "events": EVENTS, "retries": RETRIES}
    return webhook | ({"hmac": {"key": config.hmac_key}} if config.hmac_key else {})


def _trouble(reply: HttpReply | TransportFailure) -> ConnectionReport | None:
    """Return why a call about the session did not succeed; None when it did."""
    if isinstance(reply, TransportFailure):
        return ConnectionReport("disconnected", f"unreachable: {reply.detail}")
    if reply.status < 300:
        return None
    reason = CHANNEL_FAULTS.get(reply.status) or detail_of(reply.json()) or f"HTTP {reply.status}"
    return ConnectionReport("disconnected", reason)
