"""The business's own Telegram bot, which tells of bookings."""

from django.utils.translation import gettext as _

from accounts.models import Membership, Secret
from accounts.services.secrets_store import get_secret, set_secret
from bookings.providers.telegram import TelegramRefusedError, send_text
from core.tenancy import current_organization_id

TELEGRAM_TOKEN = "telegram-bot-token"  # noqa: S105  # the name of a secret, not one


def hint() -> str:
    """Return the end of the token that is kept; empty without one."""
    return Secret.objects.filter(name=TELEGRAM_TOKEN).values_list("hint", flat=True).first() or ""


def keep_token(token: str, *, actor: Membership | None) -> None:
    """Keep a new token, encrypted; an empty one leaves the old one as it is."""
    if token:
        set_secret(TELEGRAM_TOKEN, token, actor=actor)


def try_out(chat_id: str, token: str) -> None:
    """Write a first message to the chat; raises the errors of :mod:`bookings.providers.telegram`."""
    token = token or get_secret(TELEGRAM_TOKEN) or ""
    if not token:
        raise TelegramRefusedError(_("Give the token that BotFather shows."))
    send_text(token, chat_id, _("New bookings will be told here."), organization_id=str(current_organization_id()))
