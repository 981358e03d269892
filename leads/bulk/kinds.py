"""What can be done in bulk; each app registers its own. A kind knows how to do its thing to some rows, and how to undo it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from accounts.models import Membership, Role

Parameters = Mapping[str, Any]


@dataclass
class Outcome:
    """``changed`` rows with what their undoing needs to know, and those that were ``refused``; the others were so already."""

    changed: dict[UUID, Any] = field(default_factory=dict)
    refused: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class Kind:
    """``apply`` and ``undo`` run inside a transaction with the rows' ids; ``undo`` gets what ``apply`` kept and returns whom it undid."""

    code: str
    title: Promise
    back: str
    """The name of the list's address."""
    apply: Callable[[Sequence[UUID], Parameters, Membership | None], Outcome]
    undo: Callable[[Mapping[UUID, Any], Parameters, Membership | None], set[UUID]]
    role: Role = Role.AGENT


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    _kinds[kind.code] = kind
    return kind


def kind_of(code: str) -> Kind:
    """Return a kind by its code; raises KeyError."""
    return _kinds[code]
