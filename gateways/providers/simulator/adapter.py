"""A provider like the others, whose phones are virtual contacts. Its server is :mod:`gateways.services.simulation`."""

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson

from core.clock import now
from gateways.calls import Answer, FailureKind, HttpCall, HttpReply, Operation, TransportFailure
from gateways.contract import (
    ConnectionReport,
    DeliveryUpdate,
    Ignored,
    InboundMessage,
    MediaRef,
    MessageChange,
    NumberAnswer,
    Outcome,
    OutgoingMessage,
    Parsed,
    PlainAdapter,
    RawHook,
    Rhythm,
    SendResult,
)
from gateways.providers.simulator.config import SimulatorConfig
from gateways.providers.simulator.media import ADDRESS, SAMPLES

STATES = {"sent", "delivered", "read", "failed"}
CHANGES = {"edited", "revoked", "reaction"}


class SimulatorAdapter(PlainAdapter):
    code = "simulator"
    label = "Simulador"
    config_model = SimulatorConfig
    rhythm = Rhythm((50, 150))

    def send(self, config: SimulatorConfig, message: OutgoingMessage) -> Operation[SendResult]:
        media = asdict(message.media) if message.media else None
        body = {"phone": message.phone, "text": message.text, "media": media}
        reply = yield HttpCall("POST", "simulator://send", json=body, effectful=True)
        return _read_send(reply, message.phone)

    def check_number(self, config: SimulatorConfig, phone: str) -> Operation[NumberAnswer]:
        reply = yield HttpCall("GET", "simulator://check", json={"phone": phone})
        return NumberAnswer(isinstance(reply, HttpReply) and reply.status != 404, phone)

    def connect(self, config: SimulatorConfig, webhook_url: str) -> Operation[ConnectionReport]:
        return (yield from self.health(config))

    def health(self, config: SimulatorConfig) -> Operation[ConnectionReport]:
        yield HttpCall("GET", "simulator://health")
        return ConnectionReport("connected", "WORKING")

    def disconnect(self, config: SimulatorConfig) -> Operation[ConnectionReport]:
        yield HttpCall("POST", "simulator://disconnect")
        return ConnectionReport("disconnected", "logout")

    def fetch_media(self, config: SimulatorConfig, media: MediaRef) -> Operation[Answer | None]:
        if not media.url.startswith(ADDRESS):
            return None
        return (yield HttpCall("GET", media.url))

    def verify_hook(self, config: SimulatorConfig, hook: RawHook) -> bool:
        return True

    def dedupe_key(self, hook: RawHook) -> str:
        return hashlib.sha256(hook.body).hexdigest()

    def redact(self, config: SimulatorConfig, body: bytes) -> bytes:
        return body

    def parse(self, config: SimulatorConfig, body: bytes) -> list[Parsed]:
        try:
            event = orjson.loads(body)
        except orjson.JSONDecodeError:
            return [Ignored("not JSON")]
        if not isinstance(event, dict):
            return [Ignored("not an object")]
        match event.get("type"):
            case "ack":
                return [_ack(event)]
            case "message":
                return [_message(event)]
            case "change":
                return [_change(event)]
        return [Ignored(f"type {event.get('type')!s:.40}")]


def _read_send(reply: HttpReply | TransportFailure, phone: str) -> SendResult:
    if isinstance(reply, TransportFailure):
        is_down = reply.kind is FailureKind.NOT_SENT
        return SendResult(Outcome.CHANNEL_DOWN if is_down else Outcome.UNKNOWN, code="no_answer", detail=reply.detail)
    answer = reply.json()
    external_id = answer.get("id") if isinstance(answer, dict) else None
    match reply.status:
        case 200 | 201 if isinstance(external_id, str) and external_id:
            return SendResult(Outcome.SENT, external_id, phone)
        case 404:
            return SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp", detail="This number has no WhatsApp.")
        case 429:
            return SendResult(Outcome.LATER, code="429", retry_after_seconds=reply.retry_after_seconds)
        case status if 400 <= status < 500:
            return SendResult(Outcome.REFUSED, code=str(status))
    return SendResult(Outcome.UNKNOWN, code="no_id" if reply.status < 300 else str(reply.status))


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""


def _ack(event: dict[str, Any]) -> Parsed:
    external_id, state = _text(event, "id"), _text(event, "state")
    if not external_id or state not in STATES:
        return Ignored("unknown ack")
    error = "The virtual contact's phone refused the message" if state == "failed" else ""
    return DeliveryUpdate(external_id, state, _time(event), "simulated" if error else "", error)


def _message(event: dict[str, Any]) -> Parsed:
    phone, external_id, kind = _text(event, "phone"), _text(event, "id"), _text(event, "kind")
    if not phone or not external_id:
        return Ignored("message without sender or id")
    return InboundMessage(
        external_id=external_id,
        chat_id=phone,
        phone=phone,
        identities=(("whatsapp", phone),),
        name=_text(event, "name"),
        kind=kind if kind in SAMPLES else "text",
        text=_text(event, "text"),
        at=_time(event),
        media=_media(kind),
    )


def _media(kind: str) -> MediaRef | None:
    sample = SAMPLES.get(kind)
    return MediaRef(sample.mimetype, sample.filename, sample.url) if sample else None


def _change(event: dict[str, Any]) -> Parsed:
    phone, external_id, kind = _text(event, "phone"), _text(event, "id"), _text(event, "change")
    if not phone or not external_id or kind not in CHANGES:
        return Ignored("unknown change")
    return MessageChange(kind, external_id, phone, _text(event, "text"), _time(event))


def _time(event: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(_text(event, "at")).astimezone(UTC)
    except (ValueError, OverflowError):
        return now()
