"""Time-ordered identifiers (UUID version 7, RFC 9562): unguessable in public, append-friendly in indexes."""

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last_stamp = 0


def uuid7() -> uuid.UUID:
    """Return a UUIDv7 that is strictly later than every other one made by this process."""
    global _last_stamp  # one counter per process is the point of the function
    with _lock:
        # 48 bits of milliseconds and 12 bits of sub-millisecond fraction, never repeated nor going back.
        stamp = time.time_ns() * 4096 // 1_000_000
        _last_stamp = stamp = max(stamp, _last_stamp + 1)
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    random_bits = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random_bits)
