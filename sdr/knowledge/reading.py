"""Text from whatever a business keeps its knowledge in: PDF, DOCX, plain text, a web page."""

import codecs
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.tabular.encoding import detect_encoding
from sdr.knowledge.docx import read_docx
from sdr.knowledge.errors import UnreadableDocumentError
from sdr.knowledge.html import read_html
from sdr.knowledge.pdf import read_pdf
from sdr.knowledge.web import fetch_page

MAX_BYTES = 10 * 1024 * 1024
MAX_LETTERS = 400_000
EXTENSIONS = ("pdf", "docx", "txt", "md")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Text:
    title: str
    text: str


def check_file(filename: str, data: bytes) -> None:
    """Refuse at once what would surely not be read."""
    extension = filename.rpartition(".")[2].lower()
    if extension not in EXTENSIONS:
        raise UnreadableDocumentError(_("Only PDF, DOCX and TXT can be read."))
    if len(data) > MAX_BYTES:
        raise UnreadableDocumentError(_("The file is larger than 10 MB."))
    starts = {"pdf": b"%PDF-", "docx": b"PK\x03\x04"}.get(extension, b"")
    if not data.strip() or not data.startswith(starts):
        raise UnreadableDocumentError(_("The content of the file is not what its name says."))


def read_file(filename: str, data: bytes) -> Text:
    """Return the text of a file; raise :class:`UnreadableDocumentError`."""
    check_file(filename, data)
    stem, _dot, extension = filename.rpartition(".")
    readers = {"pdf": read_pdf, "docx": read_docx}
    return Text(stem, _tidy(readers.get(extension.lower(), _decode)(data)))


def read_page(url: str) -> Text:
    """Return the text of a web page, or of the document at its address."""
    reply = fetch_page(url)
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/pdf" or reply.content.startswith(b"%PDF-"):
        return Text("", _tidy(read_pdf(reply.content)))
    page = _decode(reply.content)
    if kind in {"text/html", "application/xhtml+xml", ""}:
        title, text = read_html(page)
        return Text(title[:200], _tidy(text))
    if kind.startswith("text/"):
        return Text("", _tidy(page))
    raise UnreadableDocumentError(_("There is neither a page nor a document at this address."))


def _decode(data: bytes) -> str:
    encoding, errors = detect_encoding(data[:4096], [data])
    return codecs.decode(data, encoding, errors)


def _tidy(text: str) -> str:
    lines = (" ".join(_CONTROL.sub(" ", line).split()) for line in text.replace("\r\n", "\n").splitlines())
    tidy = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:MAX_LETTERS]
    if len(re.sub(r"\W", "", tidy)) < 10:
        raise UnreadableDocumentError(_("No text was found in it. Scanned pages have to be typed."))
    return tidy
