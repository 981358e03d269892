"""The Portuguese catalogue: every text of the product is found, compared and compiled without outside programs."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

KEYWORDS = {
    "gettext": None, "gettext_lazy": None, "gettext_noop": None, "_": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")
SKIPPED = {".venv", ".data", "node_modules", "tests", "migrations"}


@dataclass(frozen=True)
class Text:
    """One text to translate; ``plural`` and ``context`` are None where there is none."""

    singular: str
    plural: str | None
    context: str | None
    place: str

    @property
    def key(self) -> tuple[str, str | None]:
        return self.singular, self.context


def texts_of(root: Path) -> Iterator[Text]:
    """Find every text in the product's Python files and templates."""
    for path in sorted(root.rglob("*.py")) + sorted((root / "templates").rglob("*.*")):
        if SKIPPED & set(path.relative_to(root).parts):
            continue
        source = path.read_text()
        if path.suffix in {".html", ".txt"}:
            # How a template's lines are indented means nothing, and must not to Python's tokenizer either.
            source = "\n".join(line.lstrip() for line in templatize(source, origin=str(path)).split("\n"))
        yield from _extract(source, str(path.relative_to(root)))


def _extract(source: str, place: str) -> Iterator[Text]:
    for _line, message, _comments, context in extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS):
        singular, plural = (message[0], message[1]) if isinstance(message, tuple | list) else (message, None)
        if singular and singular.strip():
            yield Text(singular, plural, context, place)


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="pt_BR", project="prosa", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale="pt_BR")


def write(catalog: Catalog, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=120, sort_output=True, no_location=True, omit_header=False)
    lines = [
        line
        for line in buffer.getvalue().decode().splitlines(keepends=True)
        if not line.startswith('"POT-Creation-Date')
    ]
    path.write_text("".join(lines))


def compile_to(catalog: Catalog, path: Path) -> None:
    with path.open("wb") as file:
        write_mo(file, catalog)


def problems(root: Path, catalog: Catalog) -> list[str]:
    """Return what is missing, unsure or broken, one line each."""
    found: list[str] = []
    for text in {text.key: text for text in texts_of(root)}.values():
        entry = catalog.get(text.singular, context=text.context)
        said = entry.string if entry else ""
        forms = list(said) if isinstance(said, tuple | list) else [said]
        if not entry or not all(forms) or (text.plural and len(forms) < 2):
            found.append(f"missing: {text.place}: {text.context + '@@' if text.context else ''}{text.singular!r}")
        elif entry.fuzzy:
            found.append(f"unsure: {text.singular!r}")
        elif not _fits(text, [form or "" for form in forms]):
            found.append(f"placeholders differ: {text.singular!r}")
    return found


def _fits(text: Text, forms: list[str]) -> bool:
    # "One contact" may leave the number out; a name that the English does not know would fail when the text is said.
    known = set(PLACEHOLDER.findall(text.plural or text.singular))
    return set(PLACEHOLDER.findall(forms[-1])) == known and all(set(PLACEHOLDER.findall(f)) <= known for f in forms)
