"""Several people edit one thing: who saves later takes nothing back that somebody else has saved meanwhile.

A form carries the marks of the values it was drawn with. What only one side has changed since is kept from that side; what
both changed to different values is a conflict, which a person decides.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Model

LENGTH = 12


@dataclass(frozen=True)
class Merge:
    """``values`` are what to save, ``theirs`` the names taken from the other side, ``conflicts`` those that both changed."""

    values: dict[str, Any]
    theirs: list[str]
    conflicts: list[str]


def marks_of(values: Mapping[str, Any]) -> str:
    """Return what a form carries: a short mark for each value."""
    return " ".join(f"{name}:{_mark(value)}" for name, value in values.items())


def merge(marks: str, current: Mapping[str, Any], typed: Mapping[str, Any]) -> Merge:
    """Join what was typed with what is saved by now; without marks the typed values win."""
    drawn = dict(mark.split(":", 1) for mark in marks.split() if ":" in mark)
    values, kept, conflicts = dict(typed), [], []
    for name, mine in typed.items():
        theirs = current[name]
        if _mark(theirs) in {drawn.get(name), _mark(mine)} or name not in drawn:
            continue
        if _mark(mine) == drawn[name]:
            values[name] = theirs
            kept.append(name)
        else:
            conflicts.append(name)
    return Merge(values, kept, conflicts)


def _mark(value: Any) -> str:
    plain = value.pk if isinstance(value, Model) else value
    told = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(told).hexdigest()[:LENGTH]
