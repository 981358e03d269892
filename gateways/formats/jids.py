"""WhatsApp's addresses, ``{user}[:device]@{domain}``, in the one form in which contacts are known by them."""

from typing import Any

from core.phones import InvalidPhoneError, canonical

PERSON = "@c.us"
HIDDEN = "@lid"


def chat_id(raw: Any) -> str:
    """Return the address without the device and with one domain for people; empty when it is none.

    Some servers write a person's digits alone.
    """
    if not isinstance(raw, str) or not raw:
        return ""
    user, at, domain = raw.partition("@")
    user = user.split(":")[0]
    if not at:
        return f"{user}{PERSON}" if user.isascii() and user.isdigit() else ""
    return f"{user}@{'c.us' if domain == 's.whatsapp.net' else domain}" if user and domain else ""


def is_person(chat: str) -> bool:
    return chat.endswith((PERSON, HIDDEN))


def phone_of(chat: str) -> str | None:
    """Return the phone behind a chat; a hidden id is not a phone, however much it looks like one."""
    if not chat.endswith(PERSON):
        return None
    try:
        return canonical(f"+{chat.removesuffix(PERSON)}").e164
    except InvalidPhoneError:
        return None


def dialled(chat: str, phone: str) -> str:
    """Return what a Baileys server is told to write to: digits for a person, a hidden id as it is."""
    if chat.endswith(HIDDEN):
        return chat
    return chat.removesuffix(PERSON) if chat.endswith(PERSON) else phone.lstrip("+")


def identities(*chats: str) -> tuple[tuple[str, str], ...]:
    """Return chats as a contact's addresses, the hidden ones marked as such."""
    return tuple(dict.fromkeys(("lid" if chat.endswith(HIDDEN) else "whatsapp", chat) for chat in chats if chat))
