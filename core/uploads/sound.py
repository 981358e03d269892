"""Sound formats made of frames or pages: each must lead to the next and the last to the end of the file."""

from core.uploads.damage import DamagedFileError

_CODECS = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")
_AMR_SIZES = {b"#!AMR\n": (13, 14, 16, 18, 20, 21, 27, 32, 6), b"#!AMR-WB\n": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6)}
_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MP3_KBITS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBITS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def verify_ogg(data: bytes) -> None:
    """Raise :class:`DamagedFileError` unless pages of one known codec fill the file."""
    offset = 0
    while offset < len(data):
        header = data[offset : offset + 27]
        if header[:5] != b"OggS\0" or len(header) < 27:
            raise DamagedFileError("cut page")
        table = data[offset + 27 : offset + 27 + header[26]]
        if len(table) != header[26]:
            raise DamagedFileError("cut page")
        body = offset + 27 + len(table)
        if offset == 0 and not data[body : body + 8].startswith(_CODECS):
            raise DamagedFileError("unknown codec")
        offset = body + sum(table)
    if offset != len(data):
        raise DamagedFileError("cut page")


def verify_wav(data: bytes) -> None:
    """Raise :class:`DamagedFileError` unless the RIFF chunks fill the file and hold sound."""
    if int.from_bytes(data[4:8], "little") + 8 != len(data):
        raise DamagedFileError("wrong length")
    seen, offset = set(), 12
    while offset + 8 <= len(data):
        seen.add(data[offset : offset + 4])
        size = int.from_bytes(data[offset + 4 : offset + 8], "little")
        offset += 8 + size + size % 2
    if offset not in (len(data), len(data) + 1) or not {b"fmt ", b"data"} <= seen:
        raise DamagedFileError("cut chunk")


def verify_amr(data: bytes) -> None:
    """Raise :class:`DamagedFileError` unless speech frames fill the file."""
    magic = next((known for known in _AMR_SIZES if data.startswith(known)), None)
    if magic is None:
        raise DamagedFileError("unknown AMR")
    offset = len(magic)
    while offset < len(data):
        kind = data[offset] >> 3 & 0xF
        # 15 is "no data" and 14 "speech lost": one byte each; others are reserved.
        size = 1 if kind in (14, 15) else _at(_AMR_SIZES[magic], kind)
        offset += size
    if offset != len(data) or offset == len(magic):
        raise DamagedFileError("cut frame")


def starts_aac(head: bytes) -> bool:
    return len(head) > 6 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0


def verify_aac(data: bytes) -> None:
    """Raise :class:`DamagedFileError` unless ADTS frames fill the file."""
    offset = 0
    while offset < len(data):
        header = data[offset : offset + 7]
        if not starts_aac(header):
            raise DamagedFileError("cut frame")
        size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
        if size < 7:
            raise DamagedFileError("impossible frame")
        offset += size
    if offset != len(data):
        raise DamagedFileError("cut frame")


def starts_mp3(head: bytes) -> bool:
    return head[:3] == b"ID3" or (len(head) > 3 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2)


def verify_mp3(data: bytes) -> None:
    """Raise :class:`DamagedFileError` unless tags and layer-III frames fill the file; silence of zeros may follow."""
    offset, end = _after_id3(data), len(data)
    if data[-128:-125] == b"TAG":
        end -= 128
    end = len(data[:end].rstrip(b"\0"))
    frames = 0
    while offset < end:
        size = _mp3_frame(data[offset : offset + 4])
        offset += size
        frames += 1
    # Recorders that are stopped cut the last frame; nothing longer than a frame can hide there.
    if frames < 2:
        raise DamagedFileError("no sound")


def _after_id3(data: bytes) -> int:
    if data[:3] != b"ID3":
        return 0
    if len(data) < 10 or any(byte & 0x80 for byte in data[6:10]):
        raise DamagedFileError("wrong tag")
    size = 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    padded = size + (10 if data[5] & 0x10 else 0)
    return padded + len(data[padded : padded + 4096]) - len(data[padded : padded + 4096].lstrip(b"\0"))


def _mp3_frame(header: bytes) -> int:
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        raise DamagedFileError("cut frame")
    version = header[1] >> 3 & 3
    rates = _MP3_RATES.get(version)
    if rates is None:
        raise DamagedFileError("reserved version")
    rate = _at(rates, header[2] >> 2 & 3)
    kbits = _at(_MP3_KBITS_1 if version == 3 else _MP3_KBITS_2, (header[2] >> 4) - 1)
    samples = 144 if version == 3 else 72
    return samples * kbits * 1000 // rate + (header[2] >> 1 & 1)


def _at(table: tuple[int, ...], index: int) -> int:
    if not 0 <= index < len(table):
        raise DamagedFileError("reserved value")
    return table[index]
