"""Phones: E.164 in and out, with the Brazilian ninth digit understood (Anatel resolution 553/2010).

Outside the areas 11–19, 21, 22, 24, 27 and 28 WhatsApp often knows a mobile without its ninth digit, so people are
matched by :func:`match_key`, which is equal for both forms; a number is never shortened for sending. Brazilian shapes
are read by one regular expression (about 400,000 a second), all others by ``phonenumbers``.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from urllib.parse import quote, unquote

import phonenumbers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

LONGEST = 120  # characters of a cell that are looked at
AREAS = "1[1-9]|2[12478]|3[1-578]|4[1-9]|5[1345]|6[1-9]|7[134579]|8[1-9]|9[1-9]"
# Country code, trunk zero and carrier in front are all optional: 0055, 55, 0, 015.
_BRAZILIAN = re.compile(rf"(?:(?:00)?55)?(?:0(?:[1-9][0-9])?)?({AREAS})(9[0-9]{{8}}|[2-9][0-9]{{7}})")
_BRAZILIAN_E164 = re.compile(rf"\+55({AREAS})(9[0-9]{{8}}|[2-9][0-9]{{7}})")
_PLAIN = re.compile(r"[0-9 ()+\-./\t\u00a0\u2010-\u2015]+")
_CPF = re.compile(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}")
# "99742-610" lost its last digit; read as an old number of eight digits it would be somebody else's.
_CUT = re.compile(r"[0-9]-[0-9]{1,3}$")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_FLOAT = re.compile(r"\+?([0-9]{8,15})[.,]0+")
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?e\+?[0-9]+", re.IGNORECASE)
_CHAT_ID = re.compile(r"([0-9]{8,15})(?::[0-9]+)?@(?:c\.us|s\.whatsapp\.net)", re.IGNORECASE)
_CARRIER_LETTERS = re.compile(r"\b0\s*xx\s*", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:ramal|ext\.?|\br\.?)\s*[0-9]{1,5}\s*$", re.IGNORECASE)
# Letters that touch digits are typing errors ("9999O-8888"), not labels; such a run is no phone.
_RUN = re.compile(r"(?<![\w+])\+?\(?[0-9][0-9 ().\-]{5,24}[0-9](?!\w)")
_WA_ME = re.compile(
    r"(?:^|[^a-z0-9.-])(?:www\.)?wa\.me/+(?:(?:c|p|catalog)/+(?:[0-9]+/+(?=[0-9]))?)?([^?#&/]+)", re.IGNORECASE
)
_SEND = re.compile(r"whatsapp(?:\.com)?:?/[^?#]*\?(?:[^#]*?&)?phone=([^&#]*)", re.IGNORECASE)
_INTENT = re.compile(r"^intent://send/([^?#/]+).*whatsapp", re.IGNORECASE)

_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.TOLL_FREE: "toll_free",
}


class PhoneKind(StrEnum):
    MOBILE = "mobile"
    FIXED = "fixed"
    TOLL_FREE = "toll_free"
    OTHER = "other"


class InvalidPhoneError(ValueError):
    """The text is no phone; the message says why, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Phone:
    e164: str
    kind: PhoneKind = PhoneKind.MOBILE
    country: str = "BR"

    @property
    def key(self) -> str:
        return match_key(self.e164)

    @property
    def national(self) -> str:
        return format_national(self.e164)


def canonical(raw: str, default_country: str = "BR") -> Phone:
    """Read a phone as people write it; raises :class:`InvalidPhoneError`.

    Without a country the number is of ``default_country``. WhatsApp's chat ids are read too, never a group or a LID.
    """
    text = raw.strip()
    if default_country == "BR" and _PLAIN.fullmatch(text) and (text[0] != "+" or text.startswith("+55")):
        digits = text if text.isdigit() else _NOT_DIGITS.sub("", text)
        if (match := _BRAZILIAN.fullmatch(digits)) and not _CPF.fullmatch(text) and not _CUT.search(text):
            return _brazilian(match)
    return _read(_normalised(text[:LONGEST]), default_country)


def _brazilian(match: re.Match[str]) -> Phone:
    area, local = match.groups()
    if len(local) == 9:
        return Phone(f"+55{area}{local}")
    if local[0] in "6789":
        return Phone(f"+55{area}9{local}")
    return Phone(f"+55{area}{local}", PhoneKind.FIXED)


def _normalised(text: str) -> str:
    # Full-width digits, non-breaking spaces and invisible marks come with text that was copied from elsewhere.
    plain = unicodedata.normalize("NFKC", text)
    visible = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    return re.sub(r"[\u2010-\u2015\u2212]", "-", visible).strip().lstrip("'").strip()


def _read(text: str, country: str) -> Phone:
    if "@" in text:
        return _from_chat_id(text)
    if _SCIENTIFIC.fullmatch(text):
        raise InvalidPhoneError(
            _("The spreadsheet shortened this number. Format the column as text and send it again.")
        )
    if _CPF.fullmatch(text):
        raise InvalidPhoneError(_("This looks like a CPF, not a phone."))
    if whole := _FLOAT.fullmatch(text):
        text = whole[1]
    for run in _runs(_EXTENSION.sub("", _CARRIER_LETTERS.sub("0", text))):
        if phone := _from_run(run, country):
            return phone
    raise InvalidPhoneError(_reason(text))


def _from_chat_id(text: str) -> Phone:
    match = _CHAT_ID.fullmatch(text)
    phone = _from_international(match[1]) if match else None
    if phone is None:
        raise InvalidPhoneError(_("This is an internal WhatsApp id, not a phone."))
    return phone


def _runs(text: str) -> Iterator[str]:
    """Yield what may be a phone: the whole text first, then each run of digits in it ("3333-4444 / 99999-8888")."""
    if _PLAIN.fullmatch(text):
        yield text
    for part in re.split(r"[/;,|\n]", text):
        yield from _RUN.findall(part)


def _from_run(run: str, country: str) -> Phone | None:
    digits = _NOT_DIGITS.sub("", run)
    if run.startswith(("+", "00")) and (foreign := _foreign(digits.lstrip("0"))):
        return foreign
    if country == "BR" and (match := _BRAZILIAN.fullmatch(digits)):
        return None if _CUT.search(run) else _brazilian(match)
    if phone := _by_library(run, country):
        return phone
    # Spreadsheets drop the plus. Shorter numbers are likelier to be Brazilian with an error, longer ones are LIDs.
    return _by_library("+" + digits, None) if len(digits) in (12, 13) and digits == run else None


def _foreign(digits: str) -> Phone | None:
    return None if digits.startswith("55") else _by_library("+" + digits, None)


def _by_library(text: str, country: str | None) -> Phone | None:
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    return _phone(parsed) if phonenumbers.is_valid_number(parsed) else None


def _phone(parsed: PhoneNumber) -> Phone:
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if match := _BRAZILIAN_E164.fullmatch(e164):
        return _brazilian(match)
    kind = PhoneKind(_KINDS.get(phonenumbers.number_type(parsed), "other"))
    return Phone(e164, kind, phonenumbers.region_code_for_number(parsed) or "")


def _from_international(digits: str) -> Phone | None:
    if match := _BRAZILIAN_E164.fullmatch("+" + digits):
        return _brazilian(match)
    return _by_library("+" + digits, None)


def _reason(text: str) -> str:
    digits = _NOT_DIGITS.sub("", text)
    if not digits:
        return _("There is no number here.")
    if re.search(r"[0-9][ -]?[^\W\d_]+[ -]?[0-9]", text):
        return _("There are letters among the digits. E.g.: (19) 99742-6108")
    if text.lstrip().startswith(("+", "00")) and not digits.lstrip("0").startswith("55"):
        return _("No phone has this number. Check the country code and the digits.")
    return _brazilian_reason(digits.removeprefix("00"))


def _brazilian_reason(digits: str) -> str:
    if len(digits) > 11 and digits.startswith("55"):
        digits = digits[2:]
    digits = digits.removeprefix("0")
    if len(digits) in (8, 9) and digits[0] in "23456789":
        return _("The area code is missing. E.g.: (19) 99742-6108")
    if len(digits) in (10, 11) and not re.match(AREAS, digits):
        return _("The area code %(area)s does not exist. E.g.: (19) 99742-6108") % {"area": digits[:2]}
    return _length_reason(digits)


def _length_reason(digits: str) -> str:
    wanted = 10 if len(digits) > 2 and digits[2] in "2345" else 11
    if (missing := wanted - len(digits)) > 0:
        return ngettext(
            "%(count)d digit is missing. E.g.: (19) 99742-6108",
            "%(count)d digits are missing. E.g.: (19) 99742-6108",
            missing,
        ) % {"count": missing}
    if (surplus := len(digits) - 11) > 0:
        return ngettext(
            "There is %(count)d digit too many. E.g.: (19) 99742-6108",
            "There are %(count)d digits too many. E.g.: (19) 99742-6108",
            surplus,
        ) % {"count": surplus}
    return _("No phone has this number. Check the area code and the digits.")


def match_key(e164: str) -> str:
    """Return one key for both ways of writing a Brazilian mobile; any other number is its own key.

    Only numbers that begin with 6 to 9 existed before the ninth digit. Dropping it from all would mix the mobile
    (11) 93333-4444 with the fixed line (11) 3333-4444.
    """
    if len(e164) == 13 and e164[5] in "6789" and _BRAZILIAN_E164.fullmatch(e164):
        return f"{e164[:5]}9{e164[5:]}"
    return e164


def extract_phone_from_whatsapp_link(link: str) -> str | None:
    """Return the E.164 phone of a wa.me, whatsapp.com or whatsapp:// link, or None when it names no valid one."""
    text = unescape(unquote(unquote(link))).strip()
    match = _WA_ME.search(text) or _SEND.search(text) or _INTENT.search(text)
    digits = _NOT_DIGITS.sub("", match[1]).lstrip("0") if match else ""
    if not 8 <= len(digits) <= 15:
        return None
    if phone := _from_international(digits):
        return phone.e164
    national = _BRAZILIAN.fullmatch(digits)
    return _brazilian(national).e164 if national else None


def whatsapp_link(e164: str, text: str = "") -> str:
    """Return the address that opens a chat with the phone; WhatsApp itself resolves the ninth digit."""
    link = f"https://wa.me/{e164.removeprefix('+')}"
    return f"{link}?text={quote(text)}" if text else link


def format_national(e164: str) -> str:
    """Return a phone as Brazilians write it; a foreign one in international form."""
    if match := _BRAZILIAN_E164.fullmatch(e164):
        area, local = match.groups()
        return f"({area}) {local[:-4]}-{local[-4:]}"
    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    form = PhoneNumberFormat.NATIONAL if parsed.country_code == 55 else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)
