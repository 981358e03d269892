"""The allow-list: which formats are taken, how each is recognised and how it is verified."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.uploads import mp4, pdf, sound, webm

Kind = Literal["image", "video", "audio", "document"]
MEGABYTE = 1024 * 1024
LIMITS: dict[Kind, int] = {
    "image": 10 * MEGABYTE,
    "video": 50 * MEGABYTE,
    "audio": 16 * MEGABYTE,
    "document": 20 * MEGABYTE,
}


def _nothing_more(_data: bytes) -> None:
    """Images are verified by being written anew."""


@dataclass(frozen=True)
class Format:
    kind: Kind
    mimetype: str
    extensions: tuple[str, ...]
    starts: Callable[[bytes], bool]
    verify: Callable[[bytes], None] = _nothing_more


def _prefix(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(prefixes)


IMAGE_EXTENSIONS = ("jpg", "jpeg", "jfif", "png", "gif", "webp", "bmp")
IMAGES = [
    Format("image", "image/jpeg", IMAGE_EXTENSIONS, _prefix(b"\xff\xd8\xff")),
    Format("image", "image/png", IMAGE_EXTENSIONS, _prefix(b"\x89PNG\r\n\x1a\n")),
    Format("image", "image/gif", IMAGE_EXTENSIONS, _prefix(b"GIF87a", b"GIF89a")),
    Format("image", "image/webp", IMAGE_EXTENSIONS, lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    Format("image", "image/bmp", IMAGE_EXTENSIONS, _prefix(b"BM")),
]
OTHERS = [
    Format("video", "video/mp4", ("mp4",), mp4.starts, mp4.verify),
    Format("audio", "audio/mp4", ("m4a",), mp4.starts, mp4.verify),
    Format("audio", "audio/ogg", ("ogg", "oga", "opus"), _prefix(b"OggS"), sound.verify_ogg),
    Format("audio", "audio/mpeg", ("mp3",), sound.starts_mp3, sound.verify_mp3),
    Format("audio", "audio/aac", ("aac",), sound.starts_aac, sound.verify_aac),
    Format("audio", "audio/amr", ("amr",), _prefix(b"#!AMR"), sound.verify_amr),
    Format(
        "audio", "audio/wav", ("wav",), lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE", sound.verify_wav
    ),
    Format("audio", "audio/webm", ("webm", "weba"), _prefix(b"\x1a\x45\xdf\xa3"), webm.verify),
    Format("document", "application/pdf", ("pdf",), _prefix(b"%PDF-"), pdf.verify),
]
FORMATS = IMAGES + OTHERS
KINDS_BY_TYPE: dict[str, Kind] = {entry.mimetype: entry.kind for entry in FORMATS}
_SYNONYMS = {
    "image/jpg": "jpg", "audio/mp3": "mp3", "audio/opus": "ogg", "audio/x-m4a": "m4a", "audio/m4a": "m4a",
    "audio/x-wav": "wav", "audio/wave": "wav", "application/x-pdf": "pdf", "image/pjpeg": "jpg",
}  # fmt: skip


def extension_for(content_type: str) -> str:
    """Return the usual extension of a MIME type, or nothing when it is not on the list."""
    plain = content_type.split(";")[0].strip().lower()
    known = {entry.mimetype: entry.extensions[0] for entry in OTHERS}
    known |= {entry.mimetype: entry.mimetype.removeprefix("image/").replace("jpeg", "jpg") for entry in IMAGES}
    return known.get(plain) or _SYNONYMS.get(plain, "")


def find_format(extension: str, data: bytes) -> Format | None:
    """Return the format that both the extension and the first bytes name."""
    return next((entry for entry in FORMATS if extension in entry.extensions and entry.starts(data[:64])), None)


def is_listed(extension: str) -> bool:
    return any(extension in entry.extensions for entry in FORMATS)
