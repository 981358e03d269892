"""Messages by a business's own Telegram bot (Bot API). The token is part of the address, which therefore is never logged."""

from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from core import http
from core.breaker import Breaker
from core.errors import DomainError

BASE: Final = "https://api.telegram.org"
LONGEST_TEXT: Final = 4096
PATIENCE_SECONDS: Final = 5.0
LONGEST_PATIENCE: Final = 3600.0


class TelegramRefusedError(DomainError):
    """Telegram understood and said no: a wrong token, an unknown chat, a bot that was blocked."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TelegramBusyError(DomainError):
    """Telegram asks for patience; nothing was sent."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(_("Telegram asks for a moment. Try again soon."))
        self.retry_after = retry_after


class TelegramDownError(DomainError):
    """Telegram failed; ``nothing_left`` when it surely sent nothing."""

    status = HTTPStatus.BAD_GATEWAY

    def __init__(self, *, nothing_left: bool) -> None:
        super().__init__(_("Telegram did not answer."))
        self.nothing_left = nothing_left


def send_text(token: str, chat_id: str, text: str, *, organization_id: str, seconds: float = 5.0) -> str:
    """Send a text to a chat and return Telegram's number for it.

    Raises the errors above, and :class:`core.breaker.CircuitOpenError`.
    """
    connect = min(http.CONNECT_SECONDS, seconds / 4)
    try:
        reply = http.request(
            "POST",
            f"{getattr(settings, 'TELEGRAM_API_BASE', BASE)}/bot{token}/sendMessage",
            json={"chat_id": chat_id, "text": text[:LONGEST_TEXT], "link_preview_options": {"is_disabled": True}},
            timeout=(connect, (seconds - connect) / 2),
            breaker=Breaker(f"telegram:{organization_id}"),
            reuse=False,
        )
    except http.OutgoingError as error:
        raise TelegramDownError(nothing_left=error.nothing_left) from error
    said = _json(reply)
    if reply.ok and said.get("ok"):
        return str(said.get("result", {}).get("message_id", ""))
    _refuse(reply.status, said)
    # An error in Telegram's own words is one; any other answer may hide a message that was sent.
    raise TelegramDownError(nothing_left=said.get("ok") is False)


def _refuse(status: int, said: dict[str, Any]) -> None:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        asked = said.get("parameters", {}).get("retry_after", PATIENCE_SECONDS)
        raise TelegramBusyError(min(LONGEST_PATIENCE, float(asked)))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}:
        raise TelegramRefusedError(_("Telegram does not know this bot. Check its token in the settings of the agenda."))
    if status == HTTPStatus.FORBIDDEN:
        raise TelegramRefusedError(_("Telegram does not let the bot write to this chat. Send it a message first."))
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TelegramRefusedError(
            _("Telegram does not know this chat. Check its number in the settings of the agenda.")
        )


def _json(reply: http.Reply) -> dict[str, Any]:
    try:
        said = reply.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
