from dataclasses import dataclass

from sagas.events import Event


@dataclass(frozen=True)
class ContactsImported(Event):
    """An import has ended; contacts and list are complete."""

    import_id: str
    list_id: str
    created: int
    updated: int


@dataclass(frozen=True)
class ContactOptedOut(Event):
    contact_id: str


@dataclass(frozen=True)
class ContactAnonymised(Event):
    contact_id: str
