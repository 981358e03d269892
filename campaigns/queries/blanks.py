"""Which fields of a message are empty for how many of those who would get it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from core.placeholders import GREETING, ORIGIN_LINK, placeholders_in, written_key
from leads.models import ContactList, ListMembership
from leads.queries import lacks

MOST_FIELDS = 8
NAMED_LISTS = 3


@dataclass(frozen=True)
class Blank:
    """``lists`` are those with somebody whose field is empty, each with how many."""

    key: str
    lists: Sequence[tuple[ContactList, int]]

    @property
    def count(self) -> int:
        return sum(count for _list, count in self.lists)

    @property
    def name(self) -> str:
        """The field as people write it."""
        return written_key(self.key)

    @property
    def further(self) -> int:
        """How many lists are not named one by one."""
        return max(0, len(self.lists) - NAMED_LISTS)


def blank_fields(texts: Sequence[str], lists: Sequence[ContactList]) -> list[Blank]:
    """Return the fields that a text uses without saying what stands in for them, and who in the lists has nothing there."""
    keys = _without_fallback(texts)
    if not keys or not lists:
        return []
    names = {f"blank_{number}": key for number, key in enumerate(keys)}
    people = ListMembership.objects.filter(
        contact_list__in=[one.pk for one in lists], status=1, contact__opted_out_at=None, contact__anonymised_at=None, contact__status=1
    ).exclude(contact__phone="")  # fmt: skip
    counts = {name: Count("pk", filter=lacks(key, "contact__")) for name, key in names.items()}
    rows: dict[UUID, dict[str, int]] = {
        row["contact_list"]: row for row in people.values("contact_list").annotate(**counts).order_by()
    }
    found = [
        Blank(key, [(one, count) for one in lists if (count := rows.get(one.pk, {}).get(name, 0))])
        for name, key in names.items()
    ]
    return [one for one in found if one.lists]


def _without_fallback(texts: Sequence[str]) -> list[str]:
    used = [pair for text in texts for pair in placeholders_in(text)]
    # "{nome|}" says that nothing is what stands in.
    bare = dict.fromkeys(key for key, fallback in used if key and fallback is None)
    return [key for key in bare if key not in {GREETING, ORIGIN_LINK}][:MOST_FIELDS]
