import base64
import binascii
import hashlib
import hmac
from typing import Any
from urllib.parse import quote

import orjson

from gateways.calls import Answer, FailureKind, HttpCall, HttpReply, Operation, TransportFailure
from gateways.contract import (
    ConnectionReport,
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
from gateways.formats.jids import chat_id as to_chat_id
from gateways.formats.jids import dialled, is_person, phone_of
from gateways.formats.loose import decoded, inside, mapping, text, words_of
from gateways.formats.servers import blotted
from gateways.providers.mega.config import MegaConfig
from gateways.providers.mega.payloads import event_key, read_event

SEND_SECONDS, ASK_SECONDS, PRESENCE_SECONDS = 30.0, 20.0, 10.0
CHANNEL_FAULTS = {401: "unauthorised", 403: "unauthorised", 404: "no session"}
# Words of an answer that say the phone, not the message, is the trouble; the vendor documents none of its errors.
NOT_CONNECTED = ("not connected", "disconnected", "connection closed", "instance not found", "invalid key", "qrcode")
NOBODY = ("not on whatsapp", "number does not exist", "not exist on whatsapp")
WORKING = {"connected", "open", "phone_connected", "online"}
# Third parties found the id of a sent message in different places, by version.
ID_PLACES = (
    ("key", "id"),
    ("messageData", "key", "id"),
    ("message", "key", "id"),
    ("data", "key", "id"),
    ("data", "message", "key", "id"),
)


class MegaAdapter(PlainAdapter):
    """Mega API (megaapi.com.br), whose documentation says little: everything is read with tolerance."""

    code = "mega"
    label = "Mega API"
    config_model = MegaConfig
    uses_qr = True
    is_paced = True
    gives_codes = True
    shows_presence = True
    connection_marks = (b'"messageType":"connection_update"',)

    def send(self, config: MegaConfig, message: OutgoingMessage) -> Operation[SendResult]:
        chat = message.chat_id
        if not chat:
            answer = yield from self.check_number(config, message.phone)
            if answer.exists is False:
                return SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp", detail="This number has no WhatsApp.")
            chat = answer.chat_id
        reply = yield _send_call(config, message, _jid(chat, message.phone))
        return _read_send(reply, chat)

    def check_number(self, config: MegaConfig, phone: str) -> Operation[NumberAnswer]:
        jid = quote(f"{phone.lstrip('+')}@s.whatsapp.net")
        reply = yield _call(config, "GET", "/instance/isOnWhatsApp", query=f"?jid={jid}")
        answer = mapping(reply.json()) if isinstance(reply, HttpReply) and reply.status == 200 else {}
        if not isinstance(answer.get("exists"), bool):
            return NumberAnswer(None, detail=_words(reply))
        found = to_chat_id(answer.get("jid"))
        chat = found if is_person(found) else f"{phone.lstrip('+')}@c.us"
        return NumberAnswer(answer["exists"], chat if answer["exists"] else "")

    def connect(self, config: MegaConfig, webhook_url: str) -> Operation[ConnectionReport]:
        body = {"messageData": {"webhookUrl": webhook_url, "webhookEnabled": True}}
        url = config.address(f"/webhook/{config.instance_key}/configWebhook")
        reply = yield HttpCall("POST", url, config.headers, body, timeout_seconds=ASK_SECONDS)
        return _trouble(reply) or (yield from self.health(config))

    def health(self, config: MegaConfig) -> Operation[ConnectionReport]:
        reply = yield _call(config, "GET", "/instance")
        trouble = _trouble(reply)
        if trouble or not isinstance(reply, HttpReply):
            return trouble or ConnectionReport("disconnected")
        instance = mapping(inside(reply.json(), "instance"))
        phone = phone_of(to_chat_id(inside(instance, "user", "id"))) or ""
        status = text(instance.get("status"))[:60]
        if not instance:
            return ConnectionReport("disconnected", "not Mega API")
        if status.lower() in WORKING:
            return ConnectionReport("connected", status, phone)
        qr = yield from self._qr(config)
        return ConnectionReport("qr_required" if qr else "connecting", "qrcode" if qr else status, phone, qr)

    def _qr(self, config: MegaConfig) -> Operation[str]:
        reply = yield _call(config, "GET", "/instance/qrcode_base64")
        answer = reply.json() if isinstance(reply, HttpReply) and reply.status == 200 else None
        drawing = inside(answer, "qrcode")
        return drawing if isinstance(drawing, str) and drawing.startswith("data:image/png;base64,") else ""

    def pairing_code(self, config: MegaConfig, phone: str) -> Operation[str]:
        reply = yield _call(config, "GET", "/instance/pairingCode", query=f"?phoneNumber={phone.lstrip('+')}")
        answer = reply.json() if isinstance(reply, HttpReply) and reply.status == 200 else None
        return text(inside(answer, "pairingCode"))[:20]

    def disconnect(self, config: MegaConfig) -> Operation[ConnectionReport]:
        url = config.address(f"/instance/{config.instance_key}/logout")
        reply = yield HttpCall("DELETE", url, config.headers, timeout_seconds=ASK_SECONDS)
        return _trouble(reply) or ConnectionReport("disconnected", "logout")

    def presence(self, config: MegaConfig, chat_id: str, typing: bool) -> Operation[str]:
        body = {"to": _jid(chat_id, ""), "option": "composing" if typing else "available"}
        url = config.address(f"/chat/{config.instance_key}/presenceUpdateChat")
        reply = yield HttpCall("POST", url, config.headers, body, timeout_seconds=PRESENCE_SECONDS)
        return "" if isinstance(reply, HttpReply) and reply.status < 300 else _words(reply) or "refused"

    def fetch_media(self, config: MegaConfig, media: MediaRef) -> Operation[Answer | None]:
        kind, _, keys = media.url.partition(":")
        if kind != "keys":
            return None
        body = {"messageKeys": orjson.loads(keys)}
        url = config.address(f"/instance/downloadMediaMessage/{config.instance_key}")
        reply = yield HttpCall("POST", url, config.headers, body, timeout_seconds=SEND_SECONDS)
        return _opened(reply) if isinstance(reply, HttpReply) and reply.status < 300 else reply

    def verify_hook(self, config: MegaConfig, hook: RawHook) -> bool:
        # Nothing is signed: the unguessable address and the instance's own name are all there is.
        given = text(mapping(decoded(hook.body)).get("instance_key"))
        return hmac.compare_digest(given.encode("utf-8", "replace"), config.instance_key.encode())

    def dedupe_key(self, hook: RawHook) -> str:
        return event_key(decoded(hook.body)) or hashlib.sha256(hook.body).hexdigest()

    def redact(self, config: MegaConfig, body: bytes) -> bytes:
        return blotted(body, config.secrets)

    def parse(self, config: MegaConfig, body: bytes) -> list[Parsed]:
        value = decoded(body)
        return [Ignored("not JSON")] if value is None else read_event(value, config.instance_key)


def _jid(chat: str, phone: str) -> str:
    to = dialled(chat, phone)
    return to if "@" in to else f"{to}@s.whatsapp.net"


def _call(config: MegaConfig, method: str, path: str, *, query: str = "") -> HttpCall:
    url = config.address(f"{path}/{config.instance_key}{query}")
    return HttpCall(method, url, config.headers, timeout_seconds=ASK_SECONDS)


def _send_call(config: MegaConfig, message: OutgoingMessage, to: str) -> HttpCall:
    body: dict[str, Any] = {"to": to}
    path = "text"
    if media := message.media:
        path = "mediaBase64"
        kind = media.kind if media.kind in {"image", "video", "audio"} else "document"
        data = f"data:{media.mimetype};base64,{media.data_base64}"
        body |= {
            "base64": data,
            "fileName": media.filename,
            "type": kind,
            "caption": message.text,
            "mimeType": media.mimetype,
        }
    else:
        body["text"] = message.text
    if message.reply_to and not message.media:
        path = "quoteMessage"
        body["quoted"] = {"key": {"remoteJid": to, "fromMe": False, "id": message.reply_to}}
    url = config.address(f"/sendMessage/{config.instance_key}/{path}")
    return HttpCall("POST", url, config.headers, {"messageData": body}, effectful=True, timeout_seconds=SEND_SECONDS)


def _read_send(reply: HttpReply | TransportFailure, chat: str) -> SendResult:
    if isinstance(reply, TransportFailure):
        if reply.kind is FailureKind.NOT_SENT:
            return SendResult(Outcome.CHANNEL_DOWN, chat_id=chat, code="unreachable", detail=reply.detail)
        return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_answer", detail=reply.detail)
    answer, words = reply.json(), _words(reply)
    if reply.status < 300 and inside(answer, "error") is not True:
        external_id = next((found for place in ID_PLACES if (found := text(inside(answer, *place)))), "")[:200]
        if external_id:
            return SendResult(Outcome.SENT, external_id, chat)
        return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_id", detail=words)
    return _refusal(reply, words, chat)


def _refusal(reply: HttpReply, words: str, chat: str) -> SendResult:
    lowered = words.lower()
    if reply.status == 429:
        return SendResult(Outcome.LATER, "", chat, "429", words, reply.retry_after_seconds)
    if reply.status in CHANNEL_FAULTS:
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, CHANNEL_FAULTS[reply.status], words)
    if any(known in lowered for known in NOBODY):
        return SendResult(Outcome.INVALID_NUMBER, "", chat, "no_whatsapp", words)
    if any(known in lowered for known in NOT_CONNECTED):
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, "not_working", words)
    is_final = reply.status < 500 and reply.status != 408
    return SendResult(Outcome.REFUSED if is_final else Outcome.UNKNOWN, "", chat, str(reply.status), words)


def _words(reply: HttpReply | TransportFailure) -> str:
    if isinstance(reply, TransportFailure):
        return reply.detail
    return words_of(inside(reply.json(), "message"))[:400]


def _opened(reply: HttpReply) -> HttpReply:
    """Return the file of an answer that holds it as base64, wherever it is."""
    answer = mapping(reply.json())
    data = next((answer[name] for name in ("data", "base64", "file") if isinstance(answer.get(name), str)), "")
    try:
        return HttpReply(200, base64.b64decode(data.partition(",")[2] if data.startswith("data:") else data))
    except (binascii.Error, ValueError):
        return HttpReply(502, b"")


def _trouble(reply: HttpReply | TransportFailure) -> ConnectionReport | None:
    if isinstance(reply, TransportFailure):
        return ConnectionReport("disconnected", f"unreachable: {reply.detail}")
    if reply.status < 300 and inside(reply.json(), "error") is not True:
        return None
    return ConnectionReport("disconnected", CHANNEL_FAULTS.get(reply.status) or _words(reply) or f"HTTP {reply.status}")
