"""The ways by which the bench brings a file of leads in: the product's own, its limits and its peers."""

import io
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import orjson
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Model

from accounts.models import Organization
from core.ids import uuid7
from core.tabular import open_table
from leads.models import Contact, ContactList, Import, ImportState, ListMembership
from leads.services import import_run
from leads.services.mapping import guess_mapping
from leads.services.rows import ParsedRow, RowReader

SLOW_ROWS: Final = 5_000
HEADERS: Final = ("nome", "telefone", "whatsapp_link", "status", "cidade", "e-mail", "tags", "interesse", "origem")


class Bench:
    """A file, and an organization whose tables are empty before each way begins."""

    def __init__(self, size: int, path: Path, organization: Organization) -> None:
        self.size, self.path, self.organization = size, path, organization
        self.apart = 0.0
        table = open_table(path)
        self.headers, self.mapping = table.headers, guess_mapping(table.headers)
        self.people = len({row.phone_key for row in self.parsed() if not row.reason})

    def parsed(self, limit: int | None = None) -> list[ParsedRow]:
        reader = RowReader(self.mapping)
        rows = open_table(self.path).rows()
        return [
            reader.read(row.number, row.cells) for _index, row in zip(range(limit or self.size), rows, strict=False)
        ]

    def empty_list(self) -> ContactList:
        made: ContactList = ContactList.objects.create(name="bench")
        return made


def by_us(bench: Bench) -> int:
    """Run the product's own import, from the stored upload to the finished list."""
    started = perf_counter()
    with bench.path.open("rb") as file:
        stored = default_storage.save("bench.table", file)  # type: ignore[arg-type]  # any file with chunks or read
    run: Import = Import.objects.create(
        filename="leads.csv", stored_path=stored, headers=bench.headers, mapping=bench.mapping,
        contact_list=bench.empty_list(), state=ImportState.QUEUED,
    )  # fmt: skip
    bench.apart = perf_counter() - started
    import_run.run_import(run.pk, seconds=float("inf"))
    run.refresh_from_db()
    if run.state != ImportState.COMPLETED or run.rows != bench.size:
        raise RuntimeError(f"the import ended {run.state} after {run.rows} rows: {run.error}")
    return run.rows


_COLUMNS: Final = ", ".join(f"c{n}" for n in range(len(HEADERS)))
_RAW: Final = f"CREATE TEMP TABLE raw (line serial, {_COLUMNS.replace(',', ' text,')} text) ON COMMIT DROP"
_CLEAN: Final = r"""
CREATE TEMP TABLE clean ON COMMIT DROP AS
SELECT gen_random_uuid() AS id, line + 1 AS row_number, raw.*,
       CASE WHEN number ~ '^[1-9][1-9](9[0-9]{8}|[2-9][0-9]{7})$' THEN
         '+55' || left(number, 2) || CASE WHEN length(number) = 10 AND substr(number, 3, 1) >= '6' THEN '9' ELSE '' END
         || substr(number, 3) END AS phone
FROM raw,
     LATERAL (SELECT ltrim(translate(c1, ' ()+-./', ''), '0') AS digits) AS plain,
     LATERAL (SELECT CASE WHEN length(digits) > 11 AND left(digits, 2) = '55' THEN substr(digits, 3) ELSE digits END
                     AS number) AS national
"""
_SQL_MERGE: Final = """
WITH firsts AS MATERIALIZED (
  SELECT DISTINCT ON (phone) * FROM clean WHERE phone IS NOT NULL ORDER BY phone, row_number
), merged AS (
  INSERT INTO leads_contact AS contact
    (id, organization_id, name, phone, phone_key, email, city, whatsapp_link, status, tags, attributes, search, source,
     import_id, last_import_id, created_at, updated_at)
  SELECT id, %(org)s, c0, phone, phone, c5, c4, c2, CASE WHEN c3 IN ('', '1', 'sim') THEN 1 ELSE 0 END,
         to_jsonb(string_to_array(c6, ', ')),
         jsonb_strip_nulls(jsonb_build_object('interesse', NULLIF(c7, ''), 'origem', NULLIF(c8, ''))),
         translate(lower(concat_ws(' ', c0, phone, c5, c4)), 'áàâãéêíóôõúç', 'aaaaeeiooouc'), 'import', %(run)s, %(run)s,
         now(), now()
  FROM firsts
  ON CONFLICT (organization_id, phone_key) DO UPDATE SET
    name = excluded.name, email = excluded.email, city = excluded.city, status = excluded.status,
    attributes = contact.attributes || excluded.attributes, search = excluded.search, updated_at = now()
  RETURNING contact.id, contact.phone
), placed AS (
  INSERT INTO leads_listmembership (id, organization_id, contact_list_id, contact_id, status, row_number, import_id)
  SELECT firsts.id, %(org)s, %(list)s, merged.id, CASE WHEN c3 IN ('', '1', 'sim') THEN 1 ELSE 0 END, firsts.row_number,
         %(run)s
  FROM merged JOIN firsts USING (phone)
  ON CONFLICT (contact_list_id, contact_id) DO NOTHING
)
INSERT INTO leads_importissue (id, organization_id, import_run_id, row_number, kind, reason, cells)
SELECT gen_random_uuid(), %(org)s, %(run)s, row_number, CASE WHEN phone IS NULL THEN 'invalid' ELSE 'duplicate' END, '',
       jsonb_build_array(c0, c1, c2, c3, c4, c5, c6, c7, c8)
FROM clean WHERE phone IS NULL OR row_number NOT IN (SELECT row_number FROM firsts)
"""


def by_sql_alone(bench: Bench) -> int:
    """COPY the raw file, normalise and upsert in SQL: what the database can do when it does everything."""
    target = bench.empty_list()
    run = Import.objects.create(filename="leads.csv", contact_list=target)
    values = {"org": bench.organization.pk, "list": target.pk, "run": run.pk}
    options = f"FORMAT csv, DELIMITER ';', HEADER true, FORCE_NOT_NULL ({_COLUMNS})"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RAW)
        with (
            bench.path.open("rb") as file,
            cursor.copy(f"COPY raw ({_COLUMNS}) FROM STDIN ({options})") as copy,
        ):
            while block := file.read(1 << 20):
                copy.write(block)
        cursor.execute(_CLEAN)
        cursor.execute("ANALYZE clean")
        cursor.execute(_SQL_MERGE, values)
        cursor.execute("DROP TABLE clean, raw")
    return bench.size


def by_bare_copy(bench: Bench) -> int:
    """COPY rows that were made ready beforehand: what no pipeline can reach."""
    started = perf_counter()
    target = bench.empty_list()
    unique = {row.phone_key: row for row in reversed(bench.parsed()) if not row.reason}
    contacts, places = _ready(bench, list(unique.values()), target)
    bench.apart = perf_counter() - started
    with transaction.atomic(), connection.cursor() as cursor:
        for table, columns, block in (("leads_contact", _CONTACT, contacts), ("leads_listmembership", _PLACE, places)):
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                copy.write(block)
    return bench.size


_CONTACT: Final = "id, organization_id, name, phone, phone_key, email, city, status, tags, attributes, search, source, created_at, updated_at"
_PLACE: Final = "id, organization_id, contact_list_id, contact_id, status, row_number"


def _ready(bench: Bench, rows: list[ParsedRow], target: ContactList) -> tuple[bytes, bytes]:
    contacts, places = io.StringIO(), io.StringIO()
    organization = str(bench.organization.pk)
    for row in rows:
        pk = str(uuid7())
        own = (row.name, row.phone, row.phone_key, row.email, row.city, str(row.status))
        data = (
            orjson.dumps(row.tags).decode(),
            orjson.dumps(row.attributes).decode(),
            row.search,
            "import",
            "now",
            "now",
        )
        contacts.write("\t".join((pk, organization, *own, *data)) + "\n")
        places.write("\t".join((pk, organization, str(target.pk), pk, str(row.status), str(row.number))) + "\n")
    return contacts.getvalue().encode(), places.getvalue().encode()


def by_bulk_create(bench: Bench) -> int:
    """Use the ORM as well as it goes: a thousand rows per statement, conflicts updated."""
    target = bench.empty_list()
    unique: dict[str, ParsedRow] = {}
    for row in bench.parsed():
        if not row.reason:
            unique.setdefault(row.phone_key, row)
    contacts = [
        Contact(
            organization=bench.organization, name=row.name, phone=row.phone, phone_key=row.phone_key, email=row.email,
            city=row.city, status=row.status, tags=row.tags, attributes=row.attributes, search=row.search, source="import",
        )
        for row in unique.values()
    ]  # fmt: skip
    Contact.objects.bulk_create(
        contacts, batch_size=1000, update_conflicts=True, unique_fields=["organization", "phone_key"],
        update_fields=["name", "email", "city", "status", "tags", "attributes", "search"],
    )  # fmt: skip
    places = [ListMembership(organization=bench.organization, contact_list=target, contact=one) for one in contacts]
    ListMembership.objects.bulk_create(places, batch_size=1000, ignore_conflicts=True)
    return bench.size


def by_import_export(bench: Bench) -> int:
    """Use django-import-export in bulk mode on a part of the file, once for contacts and once for list places."""
    started = perf_counter()
    target, organization = str(bench.empty_list().pk), str(bench.organization.pk)
    rows = list({row.phone_key: row for row in bench.parsed(SLOW_ROWS) if not row.reason}.values())
    ids = [str(uuid7()) for _row in rows]
    contacts = _dataset(_PEER_CONTACT, (
        (pk, organization, row.name, row.phone, row.phone_key, row.email, row.city, row.status, orjson.dumps(row.tags).decode(),
         orjson.dumps(row.attributes).decode(), row.search)
        for pk, row in zip(ids, rows, strict=True)
    ))  # fmt: skip
    places = _dataset(
        _PEER_PLACE, ((pk, organization, target, pk, row.number) for pk, row in zip(ids, rows, strict=True))
    )
    bench.apart = perf_counter() - started
    for model, data in ((Contact, contacts), (ListMembership, places)):
        _import_with_peer(model, data)
    if Contact.objects.count() != len(rows) or ListMembership.objects.count() != len(rows):
        raise RuntimeError("django-import-export left rows out")
    return len(rows)


_PEER_CONTACT: Final = (
    "id", "organization", "name", "phone", "phone_key", "email", "city", "status", "tags", "attributes", "search",
)  # fmt: skip
_PEER_PLACE: Final = ("id", "organization", "contact_list", "contact", "row_number")


def _dataset(headers: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Any:
    data = import_module("tablib").Dataset(headers=list(headers))
    data.extend(rows)
    return data


def _import_with_peer(model: type[Model], data: Any) -> None:
    options = {
        "use_bulk": True,
        "batch_size": 1000,
        "skip_diff": True,
        "use_transactions": True,
        "fields": data.headers,
    }
    resource = import_module("import_export.resources").modelresource_factory(model=model, meta_options=options)()
    result = resource.import_data(data, raise_errors=True)
    if result.has_errors():
        raise RuntimeError("django-import-export refused rows")
