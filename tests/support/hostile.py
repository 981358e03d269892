"""What nobody sends by accident, and the forms of a page as a browser would fill them in."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote_from_bytes

TEXTS: Final[tuple[bytes, ...]] = (
    b"a\x00b", b"", b" \t\n", b"\x00", b"\xff\xfe\xfa", b"\xed\xa0\x80", "\u202eoirártnoc \U0001f4a3".encode(),
    b"<script>alert(1)</script>", b"'; DROP TABLE leads_contact; --", b"%s%n%(x)s{0}{nome", b"{{7*7}}{% load x %}",
    b"=HYPERLINK(\"http://x\")", b"../../../etc/passwd", b"a\r\nX-Injected: 1", b"javascript:alert(1)", b"//evil.example/",
    b"00000000-0000-0000-0000-000000000000", b"not-a-uuid", b"-1", b"0", b"1e309", b"NaN", b"9" * 400,
    b"9223372036854775808", b"0000-00-00", b"9999-12-31T23:59", b"0001-01-01T00:00", b"25:99", b"[]", b"{}", b"null",
    b"+55", b"http://[::1", b"a@b", b"x" * 70_000,
)  # fmt: skip
"""As bytes, since not all of them are text."""

NASTIEST: Final[tuple[bytes, ...]] = (
    b"a\x00b", b"x" * 70_000, b"9" * 400, b"\xff\xfe\xfa", b"9999-12-31T23:59", b"<script>alert(1)</script>", b"not-a-uuid", b"",
)  # fmt: skip
"""The worst first; these also go alone into each field, the others being as they should."""

JSON_VALUES: Final[tuple[str, ...]] = (
    "null", "true", "0", "-1", "9" * 400, "1e309", "NaN", "1.5", '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"',
    '"<script>alert(1)</script>"', "\"'; DROP TABLE leads_contact; --\"", '"../../etc/passwd"', '"=1+1"', '"not-a-uuid"',
    '"00000000-0000-0000-0000-000000000000"', '"9999-12-31T23:59:59Z"', '"0001-01-01T00:00:00+14:00"', '"0000-00-00"',
    "[]", "[null]", "[[[]]]", "{}", '{"a": {"b": null}}', '["\\ud800", "\\u0000"]', '{"\\u0000": "\\ud800"}', '"' + "x" * 70_000 + '"',
)  # fmt: skip
JSON_WORST: Final = (
    "null",
    "9" * 400,
    "NaN",
    '""',
    '"a\\u0000b"',
    '"\\ud800"',
    '"not-a-uuid"',
    '"9999-12-31T23:59:59Z"',
    "[[[]]]",
    "{}",
)
BODIES: Final[tuple[bytes, ...]] = (
    b"", b"null", b"[]", b"{", b'"text"', b"1", b"{}", b"\xff\xfe", b'{"a":' * 20_000, b"[" * 100_000, b"\x00",
    b'{"\xed\xa0\x80": 1}', b"<xml/>", b"a=b",
)  # fmt: skip
TYPES: Final = (
    "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json; charset=nope", "\u00e9", "",
)  # fmt: skip


@dataclass
class Form:
    """``values`` as they stand on the page; ``choices`` what its selects and boxes offer; ``files`` names of file fields."""

    page: str
    action: str
    method: str = "get"
    is_multipart: bool = False
    values: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    button: tuple[str, str] | None = None

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        return (re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", self.action), str(self.button), tuple(sorted(self.values)))

    def body(self, changed: dict[str, bytes]) -> bytes:
        """Return the form encoded, with some fields replaced by bytes."""
        values = {name: value.encode() for name, value in self.values.items()}
        if self.button:
            values[self.button[0]] = self.button[1].encode()
        merged = values | changed
        return "&".join(
            f"{quote_from_bytes(name.encode())}={quote_from_bytes(v)}" for name, v in merged.items()
        ).encode()


class FormReader(HTMLParser):
    """Collects the forms of a page, one per submit button that goes somewhere of its own."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._buttons: list[dict[str, str]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form, self._buttons = (
                Form(self.page, has.get("action") or self.page, has.get("method", "get").lower()),
                [],
            )
            self._form.is_multipart = "multipart" in has.get("enctype", "")
        if self._form is not None:
            self._control(tag, has)

    def _control(self, tag: str, has: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = has.get("name", ""), has.get("type", "text")
        if tag == "button":
            self._buttons.append(has)
        elif tag == "input" and kind == "file":
            self._form.files.append(name)
        elif tag in {"input", "textarea"} and name:
            if kind not in {"checkbox", "radio"} or "checked" in has or name not in self._form.values:
                self._form.values[name] = has.get("value", "on" if kind in {"checkbox", "radio"} else "")
        elif tag == "select":
            self._select = name
            self._form.values.setdefault(name, "")
        elif tag == "option" and self._select and ("selected" in has or not self._form.values[self._select]):
            self._form.values[self._select] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "form" and self._form is not None:
            self.forms += _by_button(self._form, self._buttons)
            self._form = None


def _by_button(form: Form, buttons: list[dict[str, str]]) -> list[Form]:
    found: list[Form] = []
    for has in buttons or [{}]:
        if has.get("type") == "button":
            continue
        button = (has["name"], has.get("value", "")) if has.get("name") else None
        own: dict[str, Any] = vars(form) | {"action": has.get("formaction") or form.action, "button": button}
        found.append(Form(**own))
    return found or [form]
