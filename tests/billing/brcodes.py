"""A reader of BR Codes that shares no line with the writer."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Read:
    fields: dict[str, str]
    account: dict[str, str]
    extra: dict[str, str]
    crc_is_right: bool
    order: list[str] = field(default_factory=list)


def read(text: str) -> Read:
    pairs = parse(text)
    fields = dict(pairs)
    right = crc_by_bits(text[:-4].encode("ascii")) == int(text[-4:], 16) and text[-8:-4] == "6304"
    return Read(fields, dict(parse(fields["26"])), dict(parse(fields["62"])), right, [name for name, _value in pairs])


def parse(text: str) -> list[tuple[str, str]]:
    pairs = []
    while text:
        name, length, rest = text[:2], int(text[2:4]), text[4:]
        assert len(rest) >= length, f"field {name} is cut short"
        pairs.append((name, rest[:length]))
        text = rest[length:]
    return pairs


def crc_by_bits(data: bytes) -> int:
    crc = 0xFFFF
    for byte in data:
        for bit in range(7, -1, -1):
            top = (crc >> 15) ^ ((byte >> bit) & 1)
            crc = ((crc << 1) & 0xFFFF) ^ (0x1021 if top else 0)
    return crc
