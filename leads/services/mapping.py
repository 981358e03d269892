"""Which column of a file means what."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import gettext as _

from core.errors import DomainError
from core.text import fold, slug_key

FIELDS: Final = ("name", "phone", "whatsapp_link", "status", "city", "email", "tags")
ATTRIBUTE: Final = "attribute:"
MAX_ATTRIBUTES: Final = 50
LINE_COLUMN, REASON_COLUMN = "linha", "motivo"

# Exact labels first, the best one first: a file may have both a "telefone" and a "whatsapp".
SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "whatsapp_link": (
        "whatsapp link", "link whatsapp", "link do whatsapp", "link de whatsapp", "whatsapp url", "url whatsapp",
        "wa link",
        "link wa", "wa me", "link",
    ),
    "phone": (
        "whatsapp", "numero whatsapp", "numero do whatsapp", "celular", "telefone celular", "celular whatsapp",
        "mobile",
        "mobile phone", "cell", "cell phone", "cellphone", "telefone", "telefone 1", "celular 1", "phone",
        "phone number",
        "phonenumber", "phone unformatted", "phoneunformatted", "phone 1", "fone", "tel", "tel 1",
        "contato telefonico", "numero",
        "number", "zap", "wpp", "whats",
    ),
    "name": (
        "nome", "nome completo", "name", "full name", "fullname", "nome do cliente", "nome do contato",
        "nome do lead", "cliente",
        "contato", "lead", "paciente", "aluno", "razao social", "nome fantasia", "title", "first name", "primeiro nome",
        "empresa", "responsavel",
    ),
    "status": ("status",),
    "city": ("cidade", "city", "municipio", "localidade"),
    "email": ("e mail", "email", "mail", "e mail 1", "email 1", "correio eletronico", "email address",
    "endereco de email"),
    "tags": ("tags", "etiquetas", "tag", "etiqueta", "marcadores", "labels"),
}  # fmt: skip

# Labels that only contain one of these words, where no column has an exact one ("Celular (DDD)", "Phone 1 - Value").
WORDS: Final[dict[str, frozenset[str]]] = {
    "phone": frozenset({"whatsapp", "celular", "telefone", "phone", "fone", "mobile", "zap"}),
    "name": frozenset({"nome", "name"}),
    "email": frozenset({"email", "mail"}),
    "city": frozenset({"cidade", "city", "municipio"}),
}

# What our own files add: the score is the SDR's to write, row and reason are of the error file.
OURS: Final = frozenset({LINE_COLUMN, REASON_COLUMN, "temperatura", "pontos"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class MappingError(DomainError):
    """The columns cannot be read as said."""

    status = 422


def label_of(header: str) -> str:
    """Return a header as it is compared: folded words with one space between them."""
    return " ".join(re.findall(r"[a-z0-9]+", fold(header)))


def guess_mapping(headers: Sequence[str], samples: Sequence[Sequence[str]] = ()) -> dict[str, str]:
    """Return ``{column index: field}``; each field is guessed once, unknown columns become attributes."""
    guessed = _by_label([label_of(header) for header in headers])
    _by_content(guessed, len(headers), samples)
    return {str(index): guessed.get(index, "") for index in range(len(headers))} | _attributes(headers, guessed)


def _by_label(labels: Sequence[str]) -> dict[int, str]:
    guessed: dict[int, str] = {index: "" for index, label in enumerate(labels) if label in OURS}
    for field, names in SYNONYMS.items():
        found = (labels.index(name) for name in names if name in labels)
        if (index := next((index for index in found if index not in guessed), None)) is not None:
            guessed[index] = field
    for field, words in WORDS.items():
        if field not in guessed.values():
            loose = (i for i, label in enumerate(labels) if i not in guessed and words & set(label.split()))
            if (index := next(loose, None)) is not None:
                guessed[index] = field
    return guessed


def _by_content(guessed: dict[int, str], width: int, samples: Sequence[Sequence[str]]) -> None:
    tests = {"whatsapp_link": re.compile(r".*(?:wa\.me/|whatsapp\.com/)", re.IGNORECASE), "email": _EMAIL}
    for field, pattern in tests.items():
        if field in guessed.values():
            continue
        for index in (index for index in range(width) if index not in guessed):
            cells = [row[index] for row in samples if index < len(row) and row[index]]
            if cells and sum(pattern.match(cell) is not None for cell in cells) * 2 > len(cells):
                guessed[index] = field
                break


def _attributes(headers: Sequence[str], guessed: Mapping[int, str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for index, header in enumerate(headers):
        key = slug_key(header)
        if index in guessed or not key or key.startswith("sdr_ia_"):
            continue
        if len(keys) < MAX_ATTRIBUTES and ATTRIBUTE + key not in keys.values():
            keys[str(index)] = ATTRIBUTE + key
    return keys


def clean_mapping(raw: Mapping[str, str], headers: Sequence[str]) -> dict[str, str]:
    """Keep what a mapping may say: each field and attribute once, at most ``MAX_ATTRIBUTES`` attributes."""
    clean: dict[str, str] = {}
    for index, header in enumerate(headers):
        target = _target(raw.get(str(index), ""), header)
        full = target.startswith(ATTRIBUTE) and sum(t.startswith(ATTRIBUTE) for t in clean.values()) >= MAX_ATTRIBUTES
        clean[str(index)] = "" if full or target in clean.values() else target
    return clean


def _target(field: str, header: str) -> str:
    if field in FIELDS:
        return field
    if field.startswith(ATTRIBUTE) or field == "attribute":
        key = slug_key(field.removeprefix(ATTRIBUTE) if field.startswith(ATTRIBUTE) else header)
        return ATTRIBUTE + key if key else ""
    return ""


def read_mapping(raw: Mapping[str, str], headers: Sequence[str]) -> dict[str, str]:
    """Understand a mapping sent by a program, over our own guess.

    Either way round,
    ``{"Celular": "phone"}`` or ``{"phone": "Celular"}``; columns by header or index from 0; fields by our
    names or any header we know ("telefone"), an empty one leaves the column out. Raises :class:`MappingError`.
    """
    columns = {label_of(header): str(index) for index, header in enumerate(headers)}
    said: dict[str, str] = {}
    for left, right in raw.items():
        column, field = _column(left, columns), right
        if column is None or _field(field) is None:
            column, field = _column(right, columns), left
        if column is None:
            raise MappingError(_("The file has no column “%(name)s”.") % {"name": left[:80]}, code="mapping")
        known = _field(field)
        if known is None:
            raise MappingError(_("There is no field “%(name)s”.") % {"name": field[:80]}, code="mapping")
        said[column] = known
    guess = {index: field for index, field in guess_mapping(headers).items() if field not in said.values()}
    return clean_mapping(guess | said, headers)


def _column(name: str, columns: Mapping[str, str]) -> str | None:
    if name.isdecimal() and int(name) < len(columns):
        return str(int(name))
    return columns.get(label_of(name))


def _field(name: str) -> str | None:
    if name in FIELDS or name in ("", "attribute") or name.startswith(ATTRIBUTE):
        return name
    label = label_of(name)
    return next((field for field, names in SYNONYMS.items() if label in names or label == label_of(field)), None)
