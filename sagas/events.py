"""Domain events: facts in the past tense that upper apps react to."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

_types: dict[str, type["Event"]] = {}


@dataclass(frozen=True)
class Event:
    """Base of all events; fields are JSON values, ids as strings."""

    organization_id: str

    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = f"{cls.__module__.split('.')[0]}.{cls.__name__}"
        _types[cls.name] = cls

    @property
    def ordering_key(self) -> str:
        """Deliveries with the same key reach one subscriber in the order of publishing; empty means in any order."""
        return ""

    def payload(self) -> dict[str, Any]:
        """Return the event's fields as stored in the outbox."""
        return dataclasses.asdict(self)


E = TypeVar("E", bound=Event)


def event_from(name: str, payload: dict[str, Any]) -> Event:
    """Rebuild a stored event, ignoring fields that its class no longer has."""
    cls = _types[name]
    known = {field.name for field in dataclasses.fields(cls)}
    return cls(**{key: value for key, value in payload.items() if key in known})


@dataclass(frozen=True)
class SagaEnded(Event):
    """Base of what sagas tell."""

    saga_id: str
    definition: str

    @property
    def ordering_key(self) -> str:
        return f"saga:{self.saga_id}"[:100]


@dataclass(frozen=True)
class SagaSucceeded(SagaEnded):
    """Every step is done."""


@dataclass(frozen=True)
class SagaFailed(SagaEnded):
    """It did not come through, and what had been done is undone."""


@dataclass(frozen=True)
class SagaStuck(SagaEnded):
    """Something could not be undone; a person has to look."""
