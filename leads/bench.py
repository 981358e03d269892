"""How fast a file of leads comes in, against four other ways to the same rows, interleaved in one run.

The limit is an all-SQL pipeline: COPY the raw file, normalise with regular expressions, upsert in one statement. The
peers are ``bulk_create(update_conflicts=True)`` and django-import-export. All leave the same contacts and list places
behind; everything is written to copies of the tables, with their indexes and foreign keys, in a schema of
its own that is dropped at the end.
"""

import csv
import gc
import os
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from django.db import connection
from django.test.utils import override_settings

from accounts.models import Organization
from core.tenancy import activate_organization
from leads.bench_ways import HEADERS, Bench, by_bare_copy, by_bulk_create, by_import_export, by_sql_alone, by_us
from leads.models import Contact, ListMembership

ROUNDS: Final = 3
GOALS: Final = {"to_limit": 0.85, "to_copy": 0.22, "to_bulk_create": 3.5, "to_peer": 30.0}
SCHEMA: Final = "prosa_bench_import"
TABLES: Final = (
    "leads_contact", "leads_contactidentity", "leads_contactlist", "leads_listmembership", "leads_import",
    "leads_importissue", "leads_timelineentry", "leads_attributelabel", "leads_tombstone",
)  # fmt: skip
Way = Callable[[Bench], int]


def run(size: int = 100_000) -> dict[str, Any]:
    """Return ``figures`` in rows per second, ``ratios``, ``goals`` and whether all were ``met``."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder), _copied_tables():
        path = Path(folder) / "leads.csv"
        write_file(path, size)
        organization = Organization.objects.create(name="Bench")
        try:
            with activate_organization(organization.pk):
                rates = _rates(Bench(size, path, organization))
        finally:
            Organization.objects.filter(pk=organization.pk).delete()
    return _report(size, rates, load)


def _rates(bench: Bench) -> dict[str, list[float]]:
    ways: dict[str, Way] = {
        "ours": by_us, "all_sql": by_sql_alone, "bare_copy": by_bare_copy, "bulk_create": by_bulk_create,
    }  # fmt: skip
    if find_spec("import_export"):
        ways["import_export"] = by_import_export
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(ROUNDS):
        for name, way in ways.items():
            _truncate()
            gc.collect()
            rates[name].append(_timed(way, bench))
            if way is not by_import_export:
                _check(name, bench)
    return rates


def _timed(way: Way, bench: Bench) -> float:
    """Return rows per second; ``bench.apart`` are seconds of preparation that are not the way's own."""
    started, bench.apart = perf_counter(), 0.0
    rows = way(bench)
    return rows / (perf_counter() - started - bench.apart)


def _check(name: str, bench: Bench) -> None:
    found = Contact.objects.count(), ListMembership.objects.count()
    if found != (bench.people, bench.people):
        raise RuntimeError(f"{name} left {found} contacts and places, not {bench.people}")


def _report(size: int, rates: dict[str, list[float]], load: float) -> dict[str, Any]:
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratios = {
        "to_limit": medians["ours"] / medians["all_sql"],
        "to_copy": medians["ours"] / medians["bare_copy"],
        "to_bulk_create": medians["ours"] / medians["bulk_create"],
    }
    if "import_export" in medians:
        ratios["to_peer"] = medians["ours"] / medians["import_export"]
    figures: dict[str, Any] = {f"{name}_rows_per_second": round(value) for name, value in medians.items()}
    figures |= {"rows": size, "rounds": ROUNDS, "load_average": round(load, 2)}
    figures["absent"] = [] if "import_export" in medians else ["django-import-export"]
    met = all(ratios.get(name, 0) >= goal for name, goal in GOALS.items())
    return {"figures": figures, "ratios": {k: round(v, 3) for k, v in ratios.items()}, "goals": GOALS, "met": met}


# ---- The file -------------------------------------------------------------------------------------------------------


def write_file(path: Path, size: int) -> None:
    """Write a CSV as people make them: phones in many forms, 5 % repeated people, 1 % without a valid phone."""
    chance = random.Random(20)  # noqa: S311  # the same file each time
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADERS)
        phones: list[str] = []
        for number in range(size):
            luck = chance.random()
            if luck < 0.05 and phones:
                phone = chance.choice(phones)
            else:
                phone = f"{chance.choice((11, 19, 21, 31, 41, 51, 71, 81))}9{80_000_000 + number:08d}"
                phones.append(phone)
            writer.writerow(_cells(number, "123" if luck > 0.99 else _written(phone, chance), chance))


def _written(phone: str, chance: random.Random) -> str:
    area, first, last = phone[:2], phone[2:7], phone[7:]
    forms = (f"({area}) {first}-{last}", f"+55 {area} {first}{last}", f"55{phone}", phone, f"0{area} {first} {last}")
    return chance.choice(forms)


def _cells(number: int, phone: str, chance: random.Random) -> tuple[object, ...]:
    first, last = chance.choice(("Ana", "João", "Márcia", "Davi", "Inês")), chance.choice(("Souza", "Araújo", "Prado"))
    city = chance.choice(("Campinas", "São Paulo", "Recife", "Niterói"))
    interest = chance.choice(("clareamento", "implante", "aparelho", ""))
    name = f"{first} {last} {number}"
    return (name, phone, "", 1, city, f"{first.lower()}{number}@example.com", "cliente, 2026", interest, "planilha")


# ---- Tables of its own -------------------------------------------------------------------------------------------------


@contextmanager
def _copied_tables() -> Iterator[None]:
    """Put copies of the tables in front of the real ones for this connection, with indexes and foreign keys."""
    with connection.cursor() as cursor:
        drop = partial(cursor.execute, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        drop()
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        try:
            for table in TABLES:
                cursor.execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)")
            cursor.execute(f"SET search_path = {SCHEMA}, public")
            cursor.execute("SET statement_timeout = 0")
            for table, name, definition in _foreign_keys(cursor):
                cursor.execute(f'ALTER TABLE {SCHEMA}.{table} ADD CONSTRAINT "{name}" {definition}')
            yield
        finally:
            cursor.execute("RESET search_path")
            cursor.execute("RESET statement_timeout")
            drop()


def _foreign_keys(cursor: Any) -> list[tuple[str, str, str]]:
    cursor.execute(
        "SELECT t.relname, c.conname, replace(pg_get_constraintdef(c.oid), 'public.', '') FROM pg_constraint c "
        "JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
        "WHERE c.contype = 'f' AND n.nspname = 'public' AND t.relname = ANY(%s)",
        [list(TABLES)],
    )
    return list(cursor.fetchall())


def _truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE " + ", ".join(f"{SCHEMA}.{table}" for table in TABLES))
