import base64
import binascii
import hashlib
import hmac
import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

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
from gateways.formats.jids import chat_id as to_chat_id
from gateways.formats.jids import dialled, phone_of
from gateways.formats.loose import decoded, inside, listing, mapping, text, word
from gateways.formats.servers import blotted
from gateways.providers.evolution.config import EvolutionConfig
from gateways.providers.evolution.history import read_history
from gateways.providers.evolution.outcomes import CHANNEL_FAULTS, detail_of, read_check, read_send
from gateways.providers.evolution.payloads import event_key, read_event, state_and_reason

EVENTS = [
    "QRCODE_UPDATED", "CONNECTION_UPDATE", "STATUS_INSTANCE", "MESSAGES_UPSERT", "MESSAGES_UPDATE", "MESSAGES_EDITED",
    "MESSAGES_DELETE", "SEND_MESSAGE", "REMOVE_INSTANCE",
]  # fmt: skip
HOOK_HEADER = "X-Hook-Token"
SEND_SECONDS, ASK_SECONDS, PRESENCE_SECONDS = 30.0, 20.0, 10.0
TYPING_MS = 3_000
# The server's envelope repeats its own token, which need not be the key that we know.
TOKEN = re.compile(rb'("apikey"\s*:\s*")(?:[^"\\]|\\.)*"')
# The key of the example settings that the project publishes, as a digest.
PUBLIC_KEY = "52a8db81739d42fa20348b648053c582"


class EvolutionAdapter(PlainAdapter):
    """Evolution API 2.1 to 2.3, instances of the Baileys kind."""

    code = "evolution"
    label = "Evolution API"
    config_model = EvolutionConfig
    uses_qr = True
    is_paced = True
    gives_codes = True
    shows_presence = True
    keeps_history = True
    connection_marks = (
        b'"event":"connection.update"', b'"event":"status.instance"', b'"event":"qrcode.updated"',
        b'"event":"remove.instance"',
    )  # fmt: skip

    def send(self, config: EvolutionConfig, message: OutgoingMessage) -> Operation[SendResult]:
        chat = message.chat_id
        if not chat:
            answer = yield from self._check(config, message.phone)
            if isinstance(answer, SendResult):
                return answer
            if answer.exists is False:
                return SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp", detail="This number has no WhatsApp.")
            chat = answer.chat_id
        reply = yield _send_call(config, message, dialled(chat, message.phone))
        return read_send(reply, chat)

    def check_number(self, config: EvolutionConfig, phone: str) -> Operation[NumberAnswer]:
        answer = yield from self._check(config, phone)
        return answer if isinstance(answer, NumberAnswer) else NumberAnswer(None, detail=answer.detail or answer.code)

    def _check(self, config: EvolutionConfig, phone: str) -> Operation[NumberAnswer | SendResult]:
        body = {"numbers": [phone.lstrip("+")]}
        reply = yield _call(config, "POST", "/chat/whatsappNumbers", body)
        return read_check(reply)

    def connect(self, config: EvolutionConfig, webhook_url: str) -> Operation[ConnectionReport]:
        webhook = _webhook(config, webhook_url)
        reply = yield _call(config, "GET", "/instance/connectionState")
        if isinstance(reply, HttpReply) and reply.status == 404:
            body = {
                "instanceName": config.instance, "integration": config.integration, "qrcode": False,
                "groupsIgnore": True, "webhook": webhook,
            }  # fmt: skip
            reply = yield HttpCall("POST", config.address("/instance/create"), config.headers, body)
        elif isinstance(reply, HttpReply) and reply.status < 300:
            # The body is nested although the published pages say otherwise (measured).
            reply = yield _call(config, "POST", "/webhook/set", {"webhook": webhook})
        return _trouble(reply) or (yield from self.health(config))

    def health(self, config: EvolutionConfig) -> Operation[ConnectionReport]:
        reply = yield _call(config, "GET", "/instance/connectionState")
        trouble = _trouble(reply)
        if trouble or not isinstance(reply, HttpReply):
            return trouble or ConnectionReport("disconnected")
        state = text(inside(reply.json(), "instance", "state"))
        if not state:
            return ConnectionReport("disconnected", "not Evolution")
        details = yield from self._details(config)
        phone = phone_of(to_chat_id(details.get("ownerJid"))) or ""
        found, reason = state_and_reason(state, word(details.get("disconnectionReasonCode")))
        qr = ""
        if state != "open" and found not in {"restricted"}:
            # Asking for the code is what opens a closed session; without a code it is still on its way.
            qr = yield from self._qr(config)
            found, reason = ("qr_required", "qrcode") if qr else (found, reason)
        return ConnectionReport(found, reason, phone, qr, _key_warning(config))

    def _details(self, config: EvolutionConfig) -> Operation[dict[str, Any]]:
        url = config.address(f"/instance/fetchInstances?instanceName={quote(config.instance)}")
        reply = yield HttpCall("GET", url, config.headers, timeout_seconds=ASK_SECONDS)
        found = reply.json() if isinstance(reply, HttpReply) and reply.status == 200 else None
        return mapping(next(iter(listing(found)), None))

    def _qr(self, config: EvolutionConfig) -> Operation[str]:
        reply = yield _call(config, "GET", "/instance/connect")
        answer = reply.json() if isinstance(reply, HttpReply) and reply.status == 200 else None
        return text(inside(answer, "code"))[:2000]

    def pairing_code(self, config: EvolutionConfig, phone: str) -> Operation[str]:
        url = config.address(f"/instance/connect/{config.instance}?number={phone.lstrip('+')}")
        reply = yield HttpCall("GET", url, config.headers, timeout_seconds=ASK_SECONDS)
        answer = reply.json() if isinstance(reply, HttpReply) and reply.status == 200 else None
        return text(inside(answer, "pairingCode"))[:20]

    def disconnect(self, config: EvolutionConfig) -> Operation[ConnectionReport]:
        reply = yield _call(config, "DELETE", "/instance/logout")
        if isinstance(reply, HttpReply) and "is not connected" in detail_of(reply.json()):
            return ConnectionReport("disconnected", "logout")
        return _trouble(reply) or ConnectionReport("disconnected", "logout")

    def presence(self, config: EvolutionConfig, chat_id: str, typing: bool) -> Operation[str]:
        """Show that somebody is there and, if asked, writing; Evolution marks single messages as read, not chats."""
        body = {"number": dialled(chat_id, ""), "presence": "composing" if typing else "available", "delay": TYPING_MS}
        reply = yield _call(config, "POST", "/chat/sendPresence", body, seconds=PRESENCE_SECONDS)
        if isinstance(reply, TransportFailure):
            return reply.detail
        return "" if reply.status < 300 else f"HTTP {reply.status} {detail_of(reply.json())}".strip()

    def fetch_media(self, config: EvolutionConfig, media: MediaRef) -> Operation[Answer | None]:
        # The address in the message leads to bytes that only the phone's session can decrypt.
        kind, _, identifier = media.url.partition(":")
        if kind != "message" or not identifier:
            return None
        body = {"message": {"key": {"id": identifier}}, "convertToMp4": False}
        reply = yield _call(config, "POST", "/chat/getBase64FromMediaMessage", body, seconds=SEND_SECONDS)
        if not isinstance(reply, HttpReply) or reply.status >= 300:
            return reply
        return _opened(text_of(reply))

    def history(self, config: EvolutionConfig, since: datetime, until: datetime) -> Operation[History]:
        return (yield from read_history(config, since, until))

    def verify_hook(self, config: EvolutionConfig, hook: RawHook) -> bool:
        given = hook.headers.get(HOOK_HEADER.lower(), "")
        return not config.hook_secret or hmac.compare_digest(
            config.hook_secret.encode(), given.encode("utf-8", "replace")
        )

    def dedupe_key(self, hook: RawHook) -> str:
        return event_key(decoded(hook.body)) or hashlib.sha256(hook.body).hexdigest()

    def redact(self, config: EvolutionConfig, body: bytes) -> bytes:
        return blotted(TOKEN.sub(rb'\1[redacted]"', body), config.secrets)

    def parse(self, config: EvolutionConfig, body: bytes) -> list[Parsed]:
        value = decoded(body)
        return [Ignored("not JSON")] if value is None else read_event(value)


def text_of(reply: HttpReply) -> str:
    """Return the file of an answer, which comes as base64 and may be as long as it likes."""
    found = inside(reply.json(), "base64")
    return found if isinstance(found, str) else ""


def _opened(data: str) -> HttpReply:
    try:
        return HttpReply(200, base64.b64decode(data.partition(",")[2] if data.startswith("data:") else data))
    except (binascii.Error, ValueError):
        return HttpReply(502, b"")


def _call(
    config: EvolutionConfig, method: str, path: str, body: Any = None, *, seconds: float = ASK_SECONDS
) -> HttpCall:
    url = config.address(f"{path}/{config.instance}")
    return HttpCall(method, url, config.headers, body, timeout_seconds=seconds)


def _send_call(config: EvolutionConfig, message: OutgoingMessage, number: str) -> HttpCall:
    body: dict[str, Any] = {"number": number}
    path = "/message/sendText"
    if message.reply_to:
        body["quoted"] = {"key": {"id": message.reply_to}}
    if (media := message.media) and media.kind == "audio":
        path = "/message/sendWhatsAppAudio"
        body["audio"] = media.data_base64
    elif media:
        path = "/message/sendMedia"
        kind = media.kind if media.kind in {"image", "video"} else "document"
        body |= {"mediatype": kind, "mimetype": media.mimetype, "media": media.data_base64, "fileName": media.filename}
        body |= {"caption": message.text} if message.text else {}
    else:
        body["text"] = message.text
    url = config.address(f"{path}/{config.instance}")
    return HttpCall("POST", url, config.headers, body, effectful=True, timeout_seconds=SEND_SECONDS)


def _webhook(config: EvolutionConfig, url: str) -> dict[str, Any]:
    headers = {HOOK_HEADER: config.hook_secret} if config.hook_secret else {}
    return {"enabled": True, "url": url, "headers": headers, "byEvents": False, "base64": False, "events": EVENTS}


def _key_warning(config: EvolutionConfig) -> str:
    digest = hashlib.sha256(config.key.encode()).hexdigest()[:32]
    return "public_key" if digest == PUBLIC_KEY else ""


def _trouble(reply: HttpReply | TransportFailure) -> ConnectionReport | None:
    """Return why a call about the instance did not succeed; None when it did."""
    if isinstance(reply, TransportFailure):
        return ConnectionReport("disconnected", f"unreachable: {reply.detail}")
    answer = reply.json()
    # Some refusals come with 200 and say so in the body (measured).
    if reply.status < 300 and inside(answer, "error") is not True:
        return None
    reason = CHANNEL_FAULTS.get(reply.status) or detail_of(answer) or f"HTTP {reply.status}"
    return ConnectionReport("disconnected", reason)
