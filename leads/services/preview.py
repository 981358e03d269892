"""How the first rows of an upload would come in, by the columns chosen so far."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from leads.models import Import
from leads.services.mapping import ATTRIBUTE
from leads.services.rows import ParsedRow, RowReader


@dataclass(frozen=True)
class Column:
    """A column with what it means now, what it would be as an extra field, and some of its cells."""

    index: int
    header: str
    field: str
    attribute: str
    samples: list[str]


@dataclass(frozen=True)
class Preview:
    """``looked_at`` rows were read: ``valid`` of them would come in, ``status_0`` of those for no campaign."""

    columns: list[Column]
    rows: list[ParsedRow]
    looked_at: int
    valid: int
    repeated: int
    status_0: int
    nameless: int
    reasons: list[tuple[str, int]]
    has_phone: bool
    repeats: frozenset[int] = frozenset()
    """Numbers of the rows whose person came in an earlier one."""

    @property
    def invalid(self) -> int:
        return self.looked_at - self.valid - self.repeated


def preview(run: Import, mapping: Mapping[str, str], shown: int = 8) -> Preview:
    """Read the kept sample of a draft by a mapping."""
    reader = RowReader(mapping)
    rows = [reader.read(number, list(cells)) for number, cells in run.sample]
    good = [row for row in rows if not row.reason]
    people = {row.phone_key: row for row in reversed(good)}
    return Preview(
        columns=[_column(run, mapping, index) for index in range(len(run.headers))],
        rows=rows[:shown],
        looked_at=len(rows),
        valid=len(people),
        repeated=len(good) - len(people),
        status_0=sum(row.status == 0 for row in people.values()),
        nameless=sum(not row.name for row in people.values()),
        reasons=Counter(row.reason for row in rows if row.reason).most_common(3),
        repeats=frozenset(row.number for row in good if people[row.phone_key] is not row),
        has_phone=bool({"phone", "whatsapp_link"} & set(mapping.values())),
    )


def _column(run: Import, mapping: Mapping[str, str], index: int) -> Column:
    field, header = mapping.get(str(index), ""), run.headers[index]
    cells = dict.fromkeys(cells[index] for _number, cells in run.sample if cells[index])
    attribute = field if field.startswith(ATTRIBUTE) else "attribute"
    return Column(index, header, field, attribute, list(cells)[:3])
