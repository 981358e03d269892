import re
import unicodedata
from dataclasses import dataclass
from uuid import uuid4

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from core.uploads.damage import DamagedFileError, UploadRefusedError
from core.uploads.formats import LIMITS, MEGABYTE, Format, Kind, extension_for, find_format, is_listed
from core.uploads.images import write_anew

LONGEST_NAME = 120
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')


@dataclass(frozen=True)
class SafeUpload:
    """A file that passed. ``filename`` is for showing, ``uuid_name`` for keeping."""

    data: bytes
    mimetype: str
    kind: Kind
    filename: str
    uuid_name: str


def check_upload(file: "UploadedFile[bytes] | bytes", *, filename: str = "", content_type: str = "") -> SafeUpload:
    """Return the file made safe, or raise :class:`UploadRefusedError`.

    ``content_type`` is a claim of the sender: it only supplies an extension where the name has none.
    """
    shown = _safe_name(filename or (file.name or "" if isinstance(file, UploadedFile) else ""))
    data = _read(file)
    stem, dot, suffix = shown.rpartition(".")
    extension = suffix.lower() if dot else extension_for(content_type)
    found = _recognise(extension, data)
    if len(data) > LIMITS[found.kind]:
        raise _too_large(LIMITS[found.kind])
    return _made_safe(data, found, stem if dot else shown)


def _read(file: "UploadedFile[bytes] | bytes") -> bytes:
    largest = max(LIMITS.values())
    if isinstance(file, UploadedFile):
        # The declared length is a claim too: never more than the largest limit is read.
        file.seek(0)
        data: bytes = file.read(largest + 1)
    else:
        data = file
    if not data:
        raise UploadRefusedError(_("The file is empty."))
    if len(data) > largest:
        raise _too_large(largest)
    return data


def _recognise(extension: str, data: bytes) -> Format:
    if not is_listed(extension):
        raise UploadRefusedError(
            _("This kind of file is not accepted. Send an image, an MP4 video, an audio or a PDF.")
        )
    found = find_format(extension, data)
    if found is None:
        raise UploadRefusedError(_("The content of the file is not what its name says."))
    return found


def _too_large(limit: int) -> UploadRefusedError:
    return UploadRefusedError(_("The file is too large: the limit is %(limit)d MB.") % {"limit": limit // MEGABYTE})


def _made_safe(data: bytes, found: Format, stem: str) -> SafeUpload:
    mimetype, extension = found.mimetype, found.extensions[0]
    try:
        if found.kind == "image":
            data, mimetype = write_anew(data)
            extension = mimetype.removeprefix("image/").replace("jpeg", "jpg")
        else:
            found.verify(data)
    except DamagedFileError as error:
        raise UploadRefusedError(_("The file is damaged or holds more than it should.")) from error
    name = f"{stem.strip('. ') or found.kind}.{extension}"
    return SafeUpload(data, mimetype, found.kind, name, f"{uuid4().hex}.{extension}")


def _safe_name(name: str) -> str:
    """Return the last part of a path without characters that a file system or a reader could misread."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(letter for letter in last if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co"})
    plain = _UNSAFE.sub("_", visible).strip()
    stem, dot, suffix = plain.rpartition(".")
    return f"{stem[:LONGEST_NAME]}{dot}{suffix[:10]}" if dot else plain[:LONGEST_NAME]
