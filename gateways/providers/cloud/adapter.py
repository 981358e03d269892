from typing import Any

from gateways.calls import Answer, FailureKind, HttpCall, HttpReply, Operation, TransportFailure
from gateways.contract import (
    AccountUpdate,
    ConnectionReport,
    Ignored,
    MediaRef,
    NumberAnswer,
    Outcome,
    OutgoingMedia,
    OutgoingMessage,
    Parsed,
    PlainAdapter,
    Rhythm,
    SendResult,
)
from gateways.formats.graph import GraphHooks, error_of, is_files_host, refused
from gateways.formats.jids import PERSON, chat_id, phone_of
from gateways.formats.loose import decoded, inside, listing, mapping, text, word
from gateways.formats.multipart import form_with_file
from gateways.providers.cloud.config import CloudConfig
from gateways.providers.cloud.payloads import limit_of, quality_of, read_body

SEND_SECONDS, ASK_SECONDS = 30.0, 20.0
FIELDS = "display_phone_number,verified_name,quality_rating,status,throughput"
LIMIT_FIELDS = ("whatsapp_business_manager_messaging_limit", "messaging_limit_tier")
WARNED = {"FLAGGED", "RATE_LIMITED"}
STOPPED = {"RESTRICTED", "BANNED"}
WORKING = {"CONNECTED", *WARNED}
KINDS = {"image", "video", "audio", "document"}
NO_PARAMETER = 100


class CloudAdapter(GraphHooks, PlainAdapter):
    """WhatsApp Cloud API, Graph v23 and later."""

    code = "cloud"
    label = "WhatsApp Cloud API"
    config_model = CloudConfig
    rhythm = Rhythm((12, 13), daily_cap=250)
    identity_kinds = ("whatsapp", "bsuid")
    sends_templates = True
    has_window = True
    beat_seconds = 300.0
    connection_marks = (b'"field":"account_update"',)
    named_by = ("phone_number_id", "waba_id")

    def send(self, config: CloudConfig, message: OutgoingMessage) -> Operation[SendResult]:
        body = _addressed(message)
        if message.template is not None:
            body |= _template(message)
        elif message.media is not None and message.media.kind == "audio" and message.text:
            return SendResult(Outcome.REFUSED, "", message.chat_id, "audio_caption", "Audio carries no text here.")
        elif message.media is not None:
            uploaded = yield from self._upload(config, message.media)
            if isinstance(uploaded, SendResult):
                return uploaded
            body |= _media(message.media, uploaded, message.text)
        else:
            body |= {"type": "text", "text": {"body": message.text, "preview_url": False}}
        url = config.address(f"{config.phone_number_id}/messages")
        reply = yield HttpCall("POST", url, config.headers, body, effectful=True, timeout_seconds=SEND_SECONDS)
        return _read_send(reply, message.chat_id)

    def _upload(self, config: CloudConfig, media: OutgoingMedia) -> Operation[str | SendResult]:
        """Return the id of an uploaded file, or how the send ends without it; nothing was sent by then."""
        fields = {"messaging_product": "whatsapp", "type": media.mimetype}
        content, kind = form_with_file(fields, "file", media)
        headers, url = {**config.headers, "Content-Type": kind}, config.address(f"{config.phone_number_id}/media")
        reply = yield HttpCall("POST", url, headers, content=content, timeout_seconds=SEND_SECONDS)
        result = refused(reply)
        if result is not None and result.outcome is Outcome.UNKNOWN:
            return SendResult(Outcome.NOT_SENT, code=result.code, detail=result.detail)
        if result is not None:
            return result
        identifier = word(inside(reply.json(), "id")) if isinstance(reply, HttpReply) else ""
        return identifier or SendResult(Outcome.NOT_SENT, code="upload", detail="The file was not accepted.")

    def check_number(self, config: CloudConfig, phone: str) -> Operation[NumberAnswer]:
        # Meta has no such question: a number without WhatsApp shows in the status of the first message.
        yield from ()
        return NumberAnswer(None, f"{phone.lstrip('+')}{PERSON}")

    def connect(self, config: CloudConfig, webhook_url: str) -> Operation[ConnectionReport]:
        url = config.address(f"{config.waba_id}/subscribed_apps")
        reply = yield HttpCall("POST", url, config.headers, {}, timeout_seconds=ASK_SECONDS)
        trouble = _trouble(reply)
        if trouble:
            return trouble
        # Each number calls its own address; an app that may not set this calls the one of its dashboard.
        hook = {"override_callback_uri": webhook_url, "verify_token": config.verify_token}
        url = config.address(config.phone_number_id)
        yield HttpCall("POST", url, config.headers, {"webhook_configuration": hook}, timeout_seconds=ASK_SECONDS)
        return (yield from self.health(config))

    def health(self, config: CloudConfig) -> Operation[ConnectionReport]:
        reply: Answer = TransportFailure(FailureKind.NOT_SENT, "not asked")
        for field in (*LIMIT_FIELDS, ""):
            # Which of the fields of the limit there is depends on the version; an unknown one is an error.
            fields = ",".join(part for part in (FIELDS, field) if part)
            url = config.address(f"{config.phone_number_id}?fields={fields}")
            reply = yield HttpCall("GET", url, config.headers, timeout_seconds=ASK_SECONDS)
            if not isinstance(reply, HttpReply) or error_of(reply.json()).code != NO_PARAMETER:
                break
        trouble = _trouble(reply)
        if trouble or not isinstance(reply, HttpReply):
            return trouble or ConnectionReport("disconnected")
        return _report(mapping(reply.json()))

    def portfolio(self, config: CloudConfig) -> Operation[str | None]:
        """Return the id of the business that owns the account: empty where Meta does not tell, None to ask again."""
        url = config.address(f"{config.waba_id}?fields=id,owner_business_info")
        reply = yield HttpCall("GET", url, config.headers, timeout_seconds=ASK_SECONDS)
        if not isinstance(reply, HttpReply) or reply.status >= 500:
            return None
        return word(inside(reply.json(), "owner_business_info", "id"))[:40]

    def disconnect(self, config: CloudConfig) -> Operation[ConnectionReport]:
        # Other numbers of the account may still need the subscription: only our address is taken back.
        hook = {"webhook_configuration": {"override_callback_uri": ""}}
        yield HttpCall(
            "POST", config.address(config.phone_number_id), config.headers, hook, timeout_seconds=ASK_SECONDS
        )
        return ConnectionReport("disconnected", "by_hand")

    def fetch_media(self, config: CloudConfig, media: MediaRef) -> Operation[Answer | None]:
        kind, _, identifier = media.url.partition(":")
        if kind != "media" or not identifier.isascii() or not identifier.isalnum():
            return None
        # The id leads to an address that lives for five minutes.
        reply = yield HttpCall("GET", config.address(identifier), config.headers, timeout_seconds=ASK_SECONDS)
        if not isinstance(reply, HttpReply) or reply.status >= 300:
            return reply
        url = text(inside(reply.json(), "url"))
        if not is_files_host(config, url):
            return None
        return (yield HttpCall("GET", url, config.headers, timeout_seconds=SEND_SECONDS))

    def parse(self, config: CloudConfig, body: bytes) -> list[Parsed]:
        value = decoded(body)
        return [Ignored("not JSON")] if value is None else read_body(value, config)


def _addressed(message: OutgoingMessage) -> dict[str, Any]:
    chat = message.chat_id
    to = chat.removesuffix(PERSON) if chat else message.phone.lstrip("+")
    body: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": to}
    return body | ({"context": {"message_id": message.reply_to}} if message.reply_to else {})


def _template(message: OutgoingMessage) -> dict[str, Any]:
    assert message.template is not None
    template: dict[str, Any] = {"name": message.template.name, "language": {"code": message.template.language}}
    if message.template.components:
        template["components"] = list(message.template.components)
    return {"type": "template", "template": template}


def _media(media: OutgoingMedia, identifier: str, caption: str) -> dict[str, Any]:
    kind = media.kind if media.kind in KINDS else "document"
    part: dict[str, Any] = {"id": identifier}
    if caption:
        part["caption"] = caption
    if kind == "document":
        part["filename"] = media.filename
    return {"type": kind, kind: part}


def _read_send(reply: HttpReply | TransportFailure, chat: str) -> SendResult:
    result = refused(reply, chat)
    if result is not None or not isinstance(reply, HttpReply):
        return result or SendResult(Outcome.UNKNOWN, chat_id=chat)
    answer = mapping(reply.json())
    message = mapping(next(iter(listing(answer.get("messages"))), None))
    dialled = word(mapping(next(iter(listing(answer.get("contacts"))), None)).get("wa_id"))
    identifier = text(message.get("id"))[:200]
    if not identifier:
        return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_id")
    found = chat_id(f"{dialled}{PERSON}") if dialled.isascii() and dialled.isdigit() else chat
    return SendResult(Outcome.SENT, identifier, found)


def _report(answer: dict[str, Any]) -> ConnectionReport:
    status = text(answer.get("status"))[:60].upper()
    limits = (limit_of(_bare(answer.get(field))) for field in LIMIT_FIELDS)
    account = AccountUpdate(
        next((limit for limit in limits if limit is not None), None), quality_of(answer.get("quality_rating"))
    )
    digits = "".join(filter(str.isdigit, text(answer.get("display_phone_number"))))
    phone = phone_of(f"{digits}{PERSON}") or ""
    if not answer.get("id") and not status:
        return ConnectionReport("disconnected", "not Meta")
    if status in STOPPED:
        return ConnectionReport("restricted", status, phone, account=account)
    if status and status not in WORKING:
        return ConnectionReport("disconnected", status, phone, account=account)
    return ConnectionReport(
        "connected", status or "CONNECTED", phone, warning=_warning(status, account), account=account
    )


def _bare(value: Any) -> Any:
    return value.get("current_limit") or value.get("limit") if isinstance(value, dict) else value


def _warning(status: str, account: AccountUpdate) -> str:
    if status in WARNED:
        return f"meta_{status.lower()}"
    return "meta_quality_red" if account.quality == "RED" else ""


def _trouble(reply: Answer) -> ConnectionReport | None:
    result = refused(reply)
    if result is None:
        return None
    reason = f"{result.code}: {result.detail}".strip(": ")
    return ConnectionReport(result.channel_state or "disconnected", reason)
