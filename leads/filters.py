"""What the list of contacts is narrowed to, as its address says."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from core.placeholders import written_key
from core.text import slug_key
from leads.models import Contact
from leads.queries import REACH, contacts, ids_of

TEMPERATURES: Final = ("quente", "morno", "frio", "muito_frio")


@dataclass(frozen=True)
class Filters:
    search: str = ""
    list_id: UUID | None = None
    tag: str = ""
    temperature: str = ""
    reach: str = ""
    empty: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read an address; what makes no sense narrows nothing."""
        temperature, reach = query.get("temperatura", ""), query.get("campanhas", "")
        return cls(
            search=query.get("q", "").replace("\0", "")[:100],
            list_id=next(iter(ids_of([query.get("lista", "")])), None),
            tag=query.get("etiqueta", "").replace("\0", "")[:40],
            temperature=temperature if temperature in TEMPERATURES else "",
            reach=reach if reach in REACH else "",
            empty=slug_key(query.get("vazio", "")[:60]),
        )

    def __bool__(self) -> bool:
        return any((self.search, self.list_id, self.tag, self.temperature, self.reach, self.empty))

    @property
    def empty_name(self) -> str:
        """The field that has to be empty, as people write it."""
        return written_key(self.empty)

    def contacts(self) -> "QuerySet[Contact]":
        return contacts(
            search=self.search,
            list_id=self.list_id,
            tag=self.tag,
            temperature=self.temperature,
            reach=self.reach,
            empty=self.empty,
        )
