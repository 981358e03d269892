"""WAHA's answers to a send and to a number check, judged by one table (R-5).

Only what is documented as a refusal fails a message; a fault of the session, the key or the server itself is the
channel's; doubt stays doubt.
"""

from typing import Any

from gateways.calls import FailureKind, HttpReply, TransportFailure
from gateways.contract import NumberAnswer, Outcome, SendResult
from gateways.providers.waha.ids import message_id

DETAIL_LENGTH = 400
# The key is wrong, or the session is not there: no message is to blame.
CHANNEL_FAULTS = {401: "unauthorised", 403: "unauthorised", 404: "no session"}
# The server has no number check. Were the session missing, the send itself would say so.
NO_CHECK = (404, 405, 501)


def read_send(reply: HttpReply | TransportFailure, chat_id: str) -> SendResult:
    """Judge the answer to a send."""
    if isinstance(reply, TransportFailure):
        if reply.kind is FailureKind.NOT_SENT:
            return SendResult(Outcome.CHANNEL_DOWN, chat_id=chat_id, code="unreachable", detail=reply.detail)
        return SendResult(Outcome.UNKNOWN, chat_id=chat_id, code="no_answer", detail=reply.detail)
    answer = reply.json()
    if 200 <= reply.status < 300:
        external_id = message_id(answer)
        if external_id:
            return SendResult(Outcome.SENT, external_id, chat_id)
        return SendResult(Outcome.UNKNOWN, chat_id=chat_id, code="no_id", detail=detail_of(answer))
    fault = _channel_fault(reply, answer, chat_id)
    if fault is not None:
        return fault
    outcome = Outcome.REFUSED if 400 <= reply.status < 500 and reply.status != 408 else Outcome.UNKNOWN
    return SendResult(outcome, chat_id=chat_id, code=str(reply.status), detail=detail_of(answer))


def _channel_fault(reply: HttpReply, answer: Any, chat_id: str) -> SendResult | None:
    detail = detail_of(answer)
    if reply.status == 429:
        return SendResult(Outcome.LATER, "", chat_id, "429", detail, reply.retry_after_seconds)
    if reply.status in CHANNEL_FAULTS:
        return SendResult(Outcome.CHANNEL_DOWN, "", chat_id, CHANNEL_FAULTS[reply.status], detail)
    if reply.status == 422 and _is_about_session(answer):
        return SendResult(Outcome.CHANNEL_DOWN, "", chat_id, "not_working", detail)
    return None


def _is_about_session(answer: Any) -> bool:
    # {"expected": ["WORKING"]} while it is not ready; the free edition of 2024 words it for any session but "default".
    return isinstance(answer, dict) and ("expected" in answer or "support only 'default' session" in detail_of(answer))


def read_check(reply: HttpReply | TransportFailure, phone: str) -> NumberAnswer | SendResult:
    """Judge the answer to a number check: the answer, or what a send that needed it ends with. Nothing was sent."""
    if isinstance(reply, TransportFailure):
        is_down = reply.kind is FailureKind.NOT_SENT
        outcome, code = (Outcome.CHANNEL_DOWN, "unreachable") if is_down else (Outcome.NOT_SENT, "check_failed")
        return SendResult(outcome, code=code, detail=reply.detail)
    answer = reply.json()
    if reply.status == 200 and isinstance(answer, dict) and isinstance(answer.get("numberExists"), bool):
        chat_id = answer.get("chatId")
        found = chat_id if isinstance(chat_id, str) and "@" in chat_id else f"{phone.lstrip('+')}@c.us"
        return NumberAnswer(answer["numberExists"], found if answer["numberExists"] else "")
    if reply.status in NO_CHECK:
        return NumberAnswer(None, detail=f"HTTP {reply.status} {detail_of(answer)}".strip())
    fault = _channel_fault(reply, answer, "")
    detail = f"HTTP {reply.status} {detail_of(answer)}".strip()
    return fault or SendResult(Outcome.NOT_SENT, code="check_failed", detail=detail)


def detail_of(answer: Any) -> str:
    """Return an error body's words; WAHA's validation gives a list of them."""
    if not isinstance(answer, dict):
        return ""
    words = answer.get("message") or answer.get("error") or ""
    if isinstance(words, list):
        words = "; ".join(str(word) for word in words)
    status = f" ({answer['status']})" if isinstance(answer.get("status"), str) else ""
    return f"{words}{status}"[:DETAIL_LENGTH]
