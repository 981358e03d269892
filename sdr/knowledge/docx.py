from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812  # the module's own name for it says nothing

from django.utils.translation import gettext as _

from sdr.knowledge.errors import UnreadableDocumentError

BODY = "word/document.xml"
MAX_INFLATED = 20 * 1024 * 1024
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read_docx(data: bytes) -> str:
    """Return the paragraphs of a DOCX, table cells included, one per line."""
    try:
        with ZipFile(BytesIO(data)) as archive, archive.open(BODY) as body:
            xml = body.read(MAX_INFLATED + 1)
    except (BadZipFile, KeyError, ZlibError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnreadableDocumentError(_("This file is not a whole DOCX.")) from error
    if len(xml) > MAX_INFLATED:
        raise UnreadableDocumentError(_("This document is too large."))
    # Word writes neither; with them a small file can grow without end.
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise UnreadableDocumentError(_("This file is not a whole DOCX."))
    try:
        root = ET.fromstring(xml)  # noqa: S314  # entities are refused above
    except ET.ParseError as error:
        raise UnreadableDocumentError(_("This file is not a whole DOCX.")) from error
    return "\n".join(filter(None, (_text(paragraph) for paragraph in root.iter(f"{_W}p"))))


def _text(paragraph: "ET.Element[str]") -> str:
    blank = {f"{_W}tab": "\t", f"{_W}br": "\n"}
    return "".join(
        node.text or "" if node.tag == f"{_W}t" else blank.get(node.tag, "") for node in paragraph.iter()
    ).strip()
