from io import BytesIO

from django.utils.translation import gettext as _
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from sdr.knowledge.errors import UnreadableDocumentError

MAX_PAGES = 300


def read_pdf(data: bytes) -> str:
    """Return the text of a PDF, page after page. A scanned page has none."""
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableDocumentError(_("This PDF is locked by a password."))
        return "\n\n".join(page.extract_text() for page in reader.pages[:MAX_PAGES])
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        OverflowError,
    ) as error:
        # Whatever a broken file makes the parser stumble over, to the person it is one and the same.
        raise UnreadableDocumentError(_("This PDF is damaged and cannot be read.")) from error
