from dataclasses import dataclass

from sagas.events import Event


@dataclass(frozen=True)
class ContactOptedOut(Event):
    contact_id: str


@dataclass(frozen=True)
class ContactAnonymised(Event):
    contact_id: str
