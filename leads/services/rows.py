"""One row of a file, understood or refused with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext as _

from core.phones import InvalidPhoneError, canonical, extract_phone_from_whatsapp_link, match_key
from core.text import fold
from leads.services.mapping import ATTRIBUTE

ACTIVE: Final = frozenset(
    {"1", "1.0", "1,0", "sim", "s", "yes", "y", "true", "verdadeiro", "ativo", "ativa", "active", "ok"}
)
LENGTHS: Final = {"name": 160, "email": 254, "city": 120, "whatsapp_link": 300}
VALUE_LENGTH: Final = 500
TAGS, TAG_LENGTH = 20, 40
SEARCH_LENGTH: Final = 600
OTHER_PHONE: Final = "telefone_alternativo"


@dataclass(slots=True)
class ParsedRow:
    """``reason`` set means that the row is refused; otherwise ``phone_key`` is what it is matched by."""

    number: int
    cells: list[str]
    reason: str = ""
    name: str = ""
    phone: str = ""
    phone_key: str = ""
    email: str = ""
    city: str = ""
    whatsapp_link: str = ""
    status: int = 1
    tags: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def search(self) -> str:
        parts = (fold(self.name), self.phone, fold(self.email), _folded(self.city))
        return " ".join(part for part in parts if part)[:SEARCH_LENGTH]


class RowReader:
    """Reads rows by one mapping."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        columns = {target: int(index) for index, target in mapping.items() if target}
        self.texts = [
            (target, columns[target], LENGTHS[target]) for target in ("name", "email", "city") if target in columns
        ]
        self.attributes = [
            (target.removeprefix(ATTRIBUTE), index) for target, index in columns.items() if target.startswith(ATTRIBUTE)
        ]
        self.phone, self.link = columns.get("phone"), columns.get("whatsapp_link")
        self.status, self.tags = columns.get("status"), columns.get("tags")

    def read(self, number: int, cells: list[str]) -> ParsedRow:
        """Read a row; the WhatsApp link wins over the phone. There is one cell for each header, stripped."""
        row = ParsedRow(number, cells)
        phone_text = cells[self.phone] if self.phone is not None else ""
        link = cells[self.link] if self.link is not None else ""
        if not _find_phone(row, phone_text, link):
            return row
        for target, index, length in self.texts:
            if value := cells[index]:
                setattr(row, target, " ".join(value.split())[:length])
        for key, index in self.attributes:
            if value := cells[index]:
                row.attributes[key] = value[:VALUE_LENGTH]
        if self.status is not None and (value := cells[self.status]):
            row.status = int(value.casefold() in ACTIVE)
        if self.tags is not None and (value := cells[self.tags]):
            row.tags = read_tags(value)
        return row


def read_tags(text: str) -> list[str]:
    """Return the tags of a text with commas or semicolons between them, each once, within the limits."""
    return list(_tags(text))


_folded = lru_cache(maxsize=4096)(fold)


@lru_cache(maxsize=4096)
def _tags(text: str) -> tuple[str, ...]:
    tags = (" ".join(tag.split())[:TAG_LENGTH] for tag in text.replace(";", ",").replace("|", ",").split(","))
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:TAGS]


def _find_phone(row: ParsedRow, phone_text: str, link: str) -> bool:
    # The links of spreadsheets are often just the number; people also put links into the column of the phone.
    linked = extract_phone_from_whatsapp_link(link) if link else None
    if linked is None and phone_text and ("wa.me" in phone_text or "whatsapp" in phone_text.lower()):
        link, linked, phone_text = phone_text, extract_phone_from_whatsapp_link(phone_text), ""
    if linked is not None:
        row.phone, row.phone_key, row.whatsapp_link = linked, match_key(linked), link[: LENGTHS["whatsapp_link"]]
        if phone_text:
            _keep_other_phone(row, phone_text)
        return True
    raw = phone_text or (link if "/" not in link else "")
    if not raw:
        row.reason = _("The WhatsApp link names no phone.") if link else _("There is no phone in this row.")
        return False
    try:
        row.phone = canonical(raw).e164
    except InvalidPhoneError as error:
        row.reason = str(error)
        return False
    row.phone_key = match_key(row.phone)
    return True


def _keep_other_phone(row: ParsedRow, phone_text: str) -> None:
    try:
        other = canonical(phone_text).e164
    except InvalidPhoneError:
        row.attributes[OTHER_PHONE] = phone_text[:TAG_LENGTH]  # not for sending, but nothing of the file is lost
        return
    if match_key(other) != row.phone_key:
        row.attributes[OTHER_PHONE] = other
