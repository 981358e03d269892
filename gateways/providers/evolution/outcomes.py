"""Evolution's answers to a send and to a number check, judged by one table (R-5)."""

from typing import Any

from gateways.calls import FailureKind, HttpReply, TransportFailure
from gateways.contract import NumberAnswer, Outcome, SendResult
from gateways.formats.jids import chat_id, is_person
from gateways.formats.loose import inside, listing, mapping, text, word, words_of

DETAIL_LENGTH = 400
CHANNEL_FAULTS = {401: "unauthorised", 403: "unauthorised", 404: "no session"}
# What a server says, with any status, while the phone is not connected (measured on 2.3.6).
NOT_CONNECTED = ("onWhatsApp", "Connection Closed", "Precondition Required", "is not connected")


def read_send(reply: HttpReply | TransportFailure, chat: str) -> SendResult:
    """Judge the answer to a send."""
    if isinstance(reply, TransportFailure):
        if reply.kind is FailureKind.NOT_SENT:
            return SendResult(Outcome.CHANNEL_DOWN, chat_id=chat, code="unreachable", detail=reply.detail)
        return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_answer", detail=reply.detail)
    answer = reply.json()
    if reply.status < 300:
        return _accepted(answer, chat)
    fault = _channel_fault(reply, answer, chat)
    if fault is not None:
        return fault
    if _is_nobody(answer):
        return SendResult(
            Outcome.INVALID_NUMBER, chat_id=chat, code="no_whatsapp", detail="This number has no WhatsApp."
        )
    outcome = Outcome.REFUSED if 400 <= reply.status < 500 and reply.status != 408 else Outcome.UNKNOWN
    return SendResult(outcome, chat_id=chat, code=str(reply.status), detail=detail_of(answer))


def _accepted(answer: Any, chat: str) -> SendResult:
    external_id = text(inside(answer, "key", "id"))[:200]
    if external_id:
        return SendResult(Outcome.SENT, external_id, chat)
    # The official channel of Evolution answers 201 with Meta's own error as the body.
    code = word(inside(answer, "code"))
    if code:
        return SendResult(Outcome.REFUSED, chat_id=chat, code=code[:40], detail=detail_of(answer))
    return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_id", detail=detail_of(answer))


def _channel_fault(reply: HttpReply, answer: Any, chat: str) -> SendResult | None:
    detail = detail_of(answer)
    if reply.status == 429:
        return SendResult(Outcome.LATER, "", chat, "429", detail, reply.retry_after_seconds)
    if reply.status in CHANNEL_FAULTS:
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, CHANNEL_FAULTS[reply.status], detail)
    if any(words in detail for words in NOT_CONNECTED):
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, "not_working", detail)
    return None


def _is_nobody(answer: Any) -> bool:
    words = listing(inside(answer, "response", "message"))
    return any(mapping(item).get("exists") is False for item in words)


def read_check(reply: HttpReply | TransportFailure) -> NumberAnswer | SendResult:
    """Judge the answer to a number check: the answer, or what a send that needed it ends with. Nothing was sent."""
    if isinstance(reply, TransportFailure):
        is_down = reply.kind is FailureKind.NOT_SENT
        outcome, code = (Outcome.CHANNEL_DOWN, "unreachable") if is_down else (Outcome.NOT_SENT, "check_failed")
        return SendResult(outcome, code=code, detail=reply.detail)
    answer = reply.json()
    if reply.status == 200 and isinstance(answer, list) and answer:
        return _found(mapping(answer[0]))
    if "Method not available" in detail_of(answer):
        return NumberAnswer(None, detail=detail_of(answer))
    detail = f"HTTP {reply.status} {detail_of(answer)}".strip()
    if reply.status == 400 and answer == {}:
        return SendResult(Outcome.CHANNEL_DOWN, code="not_working", detail=detail)  # measured: no phone is connected
    return _channel_fault(reply, answer, "") or SendResult(Outcome.NOT_SENT, code="check_failed", detail=detail)


def _found(item: dict[str, Any]) -> NumberAnswer:
    if item.get("exists") is False:
        return NumberAnswer(False)
    chat = chat_id(item.get("jid"))
    return NumberAnswer(item.get("exists") is True or None, chat if is_person(chat) else "")


def detail_of(answer: Any) -> str:
    """Return an error body's words, wherever this version puts them."""
    body = mapping(answer)
    places = (inside(body, "response", "message"), inside(body, "output", "payload", "message"), body.get("message"))
    return next((words for place in places if (words := words_of(place))), "")[:DETAIL_LENGTH]
