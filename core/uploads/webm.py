"""WebM sound, as browsers record it: EBML elements down to the clusters, often of a size not known in advance."""

from core.uploads.damage import DamagedFileError

_HEADER, _SEGMENT, _CLUSTER, _DOCTYPE = 0x1A45DFA3, 0x18538067, 0x1F43B675, b"\x42\x82"
_TOP = {_HEADER, _SEGMENT, 0xEC}
# Void, CRC, seek head, info, tracks, cues, tags, cluster; attached files are refused by being absent.
_IN_SEGMENT = {0xEC, 0xBF, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1254C367, _CLUSTER}
# Timecode, simple block, block group, position, previous size.
_IN_CLUSTER = {0xE7, 0xA3, 0xA0, 0xA7, 0xAB, 0xEC, 0xBF}
_KNOWN = _TOP | _IN_SEGMENT | _IN_CLUSTER


def verify(data: bytes) -> None:
    """Raise :class:`DamagedFileError` unless known elements fill the file."""
    doctype = data[:64].find(_DOCTYPE)
    if doctype < 0 or data[doctype + 3 : doctype + 7] != b"webm":
        raise DamagedFileError("not WebM")
    seen, offset = set(), 0
    while offset < len(data):
        element, start = _element_id(data, offset)
        size, body = _size(data, start)
        if element not in _KNOWN:
            raise DamagedFileError("unknown element")
        seen.add(element)
        # Segment and cluster are entered, so that their insides are looked at too.
        offset = body if element in (_SEGMENT, _CLUSTER) else body + size
    if offset != len(data) or not {_HEADER, _SEGMENT, _CLUSTER} <= seen:
        raise DamagedFileError("no sound")


def _element_id(data: bytes, offset: int) -> tuple[int, int]:
    length = 9 - data[offset].bit_length()
    if not 1 <= length <= 4:
        raise DamagedFileError("impossible element")
    return int.from_bytes(data[offset : offset + length]), offset + length


def _size(data: bytes, offset: int) -> tuple[int, int]:
    if offset >= len(data) or data[offset] == 0:
        raise DamagedFileError("cut element")
    length = 9 - data[offset].bit_length()
    raw = data[offset : offset + length]
    return int.from_bytes(raw) & ((1 << 7 * length) - 1), offset + length
