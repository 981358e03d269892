"""ISO base media files (MP4, M4A): a row of boxes that must end exactly where the file ends."""

from core.uploads.damage import DamagedFileError

_BOXES = frozenset(
    b"ftyp moov mdat free skip wide udta meta uuid moof mfra sidx ssix styp pdin prft emsg".split()
)  # fmt: skip
_BRANDS = (b"iso", b"mp4", b"avc", b"M4A", b"M4B", b"M4V", b"MSN", b"dash", b"3gp", b"f4v", b"mmp", b"cmf", b"hvc")


def starts(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12].startswith(_BRANDS)


def verify(data: bytes) -> None:
    """Raise :class:`DamagedFileError` unless known boxes fill the file and hold a film."""
    seen, offset = set(), 0
    while offset < len(data):
        kind, size = _box(data, offset)
        if kind not in _BOXES:
            raise DamagedFileError(f"unknown box {kind!r}")
        seen.add(kind)
        offset += size
    if offset != len(data) or b"moov" not in seen or not seen & {b"mdat", b"moof"}:
        raise DamagedFileError("no complete film")


def _box(data: bytes, offset: int) -> tuple[bytes, int]:
    header = data[offset : offset + 16]
    if len(header) < 8:
        raise DamagedFileError("cut box")
    size, kind = int.from_bytes(header[:4]), header[4:8]
    if size == 1:
        size = int.from_bytes(header[8:16])
        if size < 16:
            raise DamagedFileError("impossible box")
    elif size == 0 and kind == b"mdat":
        size = len(data) - offset
    if size < 8:
        raise DamagedFileError("impossible box")
    return kind, size
