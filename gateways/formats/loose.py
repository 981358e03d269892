"""Reading what other people's servers send: what is not as it should be reads as absent and never raises."""

from datetime import UTC, datetime
from typing import Any

import orjson

from core.clock import now

LONGEST_TEXT = 65_536


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def word(value: Any) -> str:
    """Return an id that may be written as a text or as a whole number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)[:300]


def inside(value: Any, *path: str) -> Any:
    """Return what is at the end of a path of keys, or None."""
    for key in path:
        value = mapping(value).get(key)
    return value


def when(value: Any) -> datetime:
    """Read a moment given as seconds or milliseconds since 1970, as a number, a text or a Long; else it is now."""
    if isinstance(value, dict):
        value = value.get("low")
    try:
        seconds = int(float(value))
        return datetime.fromtimestamp(seconds / 1000 if seconds > 10**11 else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return now()


def decoded(body: bytes) -> Any:
    """Return the JSON, or None when it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def words_of(value: Any) -> str:
    """Flatten an error's words, which servers give as text, list, list of lists or objects."""
    match value:
        case str():
            return value
        case list():
            return "; ".join(found for item in value if (found := words_of(item)))
        case dict():
            return words_of(value.get("message") or value.get("description") or list(value.values()))
    return ""
