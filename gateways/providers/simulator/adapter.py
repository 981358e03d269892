"""A provider like the others, whose phones are virtual contacts. Its server is :mod:`gateways.services.simulation`."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson

from core.clock import now
from gateways.contract import (
    ConnectionReport,
    DeliveryUpdate,
    HttpCall,
    HttpReply,
    Ignored,
    InboundMessage,
    MediaRef,
    NumberAnswer,
    Operation,
    Outcome,
    OutgoingMessage,
    Parsed,
    RawHook,
    SendResult,
)
from gateways.providers.simulator.config import SimulatorConfig


class SimulatorAdapter:
    code = "simulator"
    label = "Simulador"
    config_model = SimulatorConfig
    uses_qr = False
    sends_media = True
    is_paced = False
    connection_marks: tuple[bytes, ...] = ()

    def send(self, config: SimulatorConfig, message: OutgoingMessage) -> Operation[SendResult]:
        body = {"phone": message.phone, "text": message.text, "media": message.media.kind if message.media else ""}
        reply = yield HttpCall("POST", "simulator://send", json=body, effectful=True)
        if not isinstance(reply, HttpReply) or reply.status >= 500:
            return SendResult(Outcome.UNKNOWN, code="no_answer")
        answer = reply.json() or {}
        if reply.status == 404:
            return SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp", detail="This number has no WhatsApp.")
        return SendResult(Outcome.SENT, answer["id"], message.phone)

    def check_number(self, config: SimulatorConfig, phone: str) -> Operation[NumberAnswer]:
        yield HttpCall("GET", "simulator://check", json={"phone": phone})
        return NumberAnswer(True, phone)

    def connect(self, config: SimulatorConfig, webhook_url: str) -> Operation[ConnectionReport]:
        return (yield from self.health(config))

    def health(self, config: SimulatorConfig) -> Operation[ConnectionReport]:
        yield HttpCall("GET", "simulator://health")
        return ConnectionReport("connected", "WORKING")

    def disconnect(self, config: SimulatorConfig) -> Operation[ConnectionReport]:
        yield HttpCall("POST", "simulator://disconnect")
        return ConnectionReport("disconnected", "logout")

    def media_call(self, config: SimulatorConfig, media: MediaRef) -> HttpCall | None:
        return None

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
                return [DeliveryUpdate(str(event.get("id")), str(event.get("state")), _time(event))]
            case "message":
                return [_message(event)]
        return [Ignored(f"type {event.get('type')!s:.40}")]


def _message(event: dict[str, Any]) -> Parsed:
    phone = str(event.get("phone") or "")
    if not phone or not event.get("id"):
        return Ignored("message without sender or id")
    return InboundMessage(
        external_id=str(event["id"]),
        chat_id=phone,
        phone=phone,
        identities=(("whatsapp", phone),),
        name=str(event.get("name") or ""),
        kind="text",
        text=str(event.get("text") or ""),
        at=_time(event),
    )


def _time(event: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(event.get("at"))).astimezone(UTC)
    except ValueError:
        return now()
