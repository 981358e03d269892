"""One row of a file, understood or refused with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from core.phones import InvalidPhoneError, canonical, extract_phone_from_whatsapp_link, match_key
from leads.services.contacts import search_text

TRUE_STATUS = {"", "1", "1.0", "sim", "s", "yes", "y", "true", "ativo", "active", "ok"}
MAX_ATTRIBUTES = 40


@dataclass
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
        return search_text(self.name, self.phone, self.email, self.city)


def parse_row(number: int, cells: Sequence[str], mapping: Mapping[str, str]) -> ParsedRow:
    """Read a row; the WhatsApp link wins over the phone, a missing status is 1."""
    row = ParsedRow(number, list(cells))
    phone_text = ""
    for index, target in mapping.items():
        value = cells[int(index)].strip() if int(index) < len(cells) else ""
        if target == "phone":
            phone_text = value
        elif target == "status":
            row.status = 1 if value.casefold() in TRUE_STATUS else 0
        elif target == "tags":
            row.tags = [tag.strip()[:40] for tag in value.replace(";", ",").split(",") if tag.strip()][:20]
        elif target.startswith("attribute:"):
            if value and len(row.attributes) < MAX_ATTRIBUTES:
                row.attributes[target.removeprefix("attribute:")] = value[:500]
        elif target:
            setattr(row, target, value[: {"name": 160, "email": 254, "city": 120, "whatsapp_link": 300}[target]])
    _find_phone(row, phone_text)
    return row


def _find_phone(row: ParsedRow, phone_text: str) -> None:
    linked = extract_phone_from_whatsapp_link(row.whatsapp_link) if row.whatsapp_link else None
    raw = linked or phone_text
    if not linked and not raw and row.whatsapp_link:
        raw = row.whatsapp_link
    if "wa.me" in raw or "whatsapp" in raw:
        raw = extract_phone_from_whatsapp_link(raw) or ""
    if not raw:
        row.reason = _("There is no phone in this row.")
        return
    try:
        row.phone = canonical(raw).e164
        row.phone_key = match_key(row.phone)
    except InvalidPhoneError as error:
        row.reason = str(error)
