"""Imports from the upload to the last row: exact counts, whatever the file looks like and whoever dies on the way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection

from accounts.models import Membership, Organization
from core.clock import now
from core.tabular import TableError
from core.tenancy import activate_organization
from leads.jobs import resume_stalled_imports, work_on_import
from leads.models import (
    AttributeLabel,
    Contact,
    ContactIdentity,
    ContactList,
    Import,
    ImportState,
    ListMembership,
)
from leads.services import import_run, imports, merge
from leads.services.consent import opt_out
from leads.services.contacts import save_contact
from leads.services.erasure import anonymise
from leads.services.import_lease import LeaseLostError, drop_lease, keep_lease, take_lease
from tests.leads.conftest import counts, csv_file, xlsx_file
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Run = Callable[..., Import]

MIXED = (
    "nome;telefone;cidade\n"
    "Ana;(11) 99999-8888;Campinas\n"
    "Bia;31 8888-7777;\n"
    "Caio;123;\n"
    "Ana outra vez;11999998888;\n"
    "Davi;+55 21 98765-4321;Rio\n"
)


def many(size: int, start: int = 0) -> str:
    lines = [f"Pessoa {n};119{80_000_000 + n:08d}" for n in range(start, start + size)]
    return "\n".join(["nome;telefone", *lines, ""])


def test_four_counts_add_up_to_the_rows(import_file: Run) -> None:
    Contact.objects.create(name="Bia", phone="+5531988887777", phone_key="+5531988887777")
    run = import_file(MIXED)
    assert run.state == ImportState.COMPLETED, run.error
    assert (counts(run), run.rows) == ((2, 1, 1, 1), 5)
    assert run.contact_list is not None and run.contact_list.size == 3
    places = ListMembership.objects.filter(contact_list=run.contact_list).order_by("row_number")
    assert list(places.values_list("contact__name", "row_number")) == [("Ana", 2), ("Bia", 3), ("Davi", 6)]


def test_rows_that_stay_out_keep_their_cells_and_say_why(import_file: Run) -> None:
    run = import_file(MIXED)
    issues = [(issue.row_number, issue.kind, issue.cells) for issue in run.issues.order_by("row_number")]
    assert issues == [(4, "invalid", ["Caio", "123", ""]), (5, "duplicate", ["Ana outra vez", "11999998888", ""])]
    reasons = list(run.issues.order_by("row_number").values_list("reason", flat=True))
    assert "(19) 99742-6108" in reasons[0] and "2" in reasons[1]


def test_second_import_of_the_same_file_only_updates(import_file: Run) -> None:
    import_file(MIXED)
    again = import_file(MIXED)
    assert counts(again) == (0, 3, 1, 1)
    assert Contact.objects.count() == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "mac_roman", "cp850"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_encoding_and_delimiter(import_file: Run, encoding: str, delimiter: str) -> None:
    rows = [
        ["Nome", "Telefone", "Cidade"],
        *(["João Conceição", f"1199999{n:04d}", "São João da Boa Vista"] for n in range(9)),
    ]
    run = import_file("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    assert counts(run) == (9, 0, 0, 0)
    assert set(Contact.objects.values_list("name", "city")) == {("João Conceição", "São João da Boa Vista")}


def test_workbook_with_numbers_as_numbers(import_file: Run) -> None:
    run = import_file(xlsx_file([["Nome", "Celular", "status"], ["Ana", 11999998888, 1], ["Bia", 5521987654321, 0]]))
    assert counts(run) == (2, 0, 0, 0)
    assert dict(Contact.objects.values_list("phone", "status")) == {"+5511999998888": 1, "+5521987654321": 0}


def test_file_without_a_header(import_file: Run) -> None:
    run = import_file("Ana,11999998888\nBia,21987654321\n")
    assert counts(run) == (2, 0, 0, 0)
    assert set(Contact.objects.values_list("name", flat=True)) == {"Ana", "Bia"}


def test_unknown_columns_become_extra_fields_under_their_own_words(import_file: Run) -> None:
    import_file("telefone;Data da última visita;Cor\n11999998888;03/05/2026;azul\n")
    assert Contact.objects.get().attributes == {"data_da_ultima_visita": "03/05/2026", "cor": "azul"}
    assert dict(AttributeLabel.objects.values_list("key", "label")) == {
        "data_da_ultima_visita": "Data da última visita",
        "cor": "Cor",
    }


def test_row_of_status_0_becomes_a_contact_that_no_campaign_writes_to(import_file: Run) -> None:
    run = import_file("telefone,status\n11999998888,1\n11999997777,0\n11999996666,\n")
    assert counts(run) == (3, 0, 0, 0)
    assert list(Contact.objects.order_by("phone").values_list("status", flat=True)) == [1, 0, 1]
    places = ListMembership.objects.order_by("row_number")
    assert list(places.values_list("status", flat=True)) == [1, 0, 1]


def test_missing_status_column_changes_no_known_status(import_file: Run) -> None:
    import_file("telefone,status\n11999998888,0\n")
    import_file("telefone\n11999998888\n11999997777\n")
    assert dict(Contact.objects.values_list("phone", "status")) == {"+5511999998888": 0, "+5511999997777": 1}
    import_file("telefone,status\n11999998888,1\n")
    assert Contact.objects.get(phone="+5511999998888").status == 1


def test_filled_cells_replace_and_empty_ones_keep(import_file: Run) -> None:
    import_file("nome,telefone,cidade,tags,cor\nAna,11999998888,Campinas,vip,azul\n")
    import_file("nome,telefone,cidade,tags,altura\nAna Souza,11999998888,,novo,170\n")
    ana = Contact.objects.get()
    assert (ana.name, ana.city, ana.attributes) == ("Ana Souza", "Campinas", {"cor": "azul", "altura": "170"})
    assert sorted(ana.tags) == ["novo", "vip"]
    assert "ana souza" in ana.search and "campinas" in ana.search


def test_importing_never_revives_an_opt_out(import_file: Run) -> None:
    import_file("telefone\n11999998888\n")
    opt_out(Contact.objects.get().pk, reason="pediu", at=now())
    assert counts(import_file("telefone,status\n11999998888,1\n")) == (0, 1, 0, 0)
    ana = Contact.objects.get()
    assert ana.is_opted_out and ana.opt_out_reason == "pediu"


def test_erased_person_comes_back_opted_out(import_file: Run) -> None:
    import_file("telefone\n11999998888\n")
    anonymise(Contact.objects.get(), actor=None)
    assert counts(import_file("telefone\n11999998888\n11999997777\n")) == (2, 0, 0, 0)
    assert {c.phone: c.is_opted_out for c in Contact.objects.exclude(phone="")} == {
        "+5511999998888": True,
        "+5511999997777": False,
    }


def test_further_phone_of_a_contact_is_that_contact(import_file: Run) -> None:
    ana = Contact.objects.create(name="Ana", phone="+5511999998888", phone_key="+5511999998888")
    ContactIdentity.objects.create(contact=ana, kind="phone", value="+551133334444")
    assert counts(import_file("nome,telefone\nAna,1133334444\nAna,11999998888\n")) == (0, 1, 0, 1)
    assert Contact.objects.get().phone == "+5511999998888"


def test_ninth_digit_makes_no_second_contact(import_file: Run) -> None:
    assert counts(import_file("telefone\n3188887777\n31988887777\n+55 31 8888-7777\n")) == (1, 0, 0, 2)
    # A fixed line is another phone than the mobile whose last eight digits it has.
    assert counts(import_file("telefone\n1133334444\n11933334444\n")) == (2, 0, 0, 0)


def test_corrected_rows_go_into_the_list_that_is_there(import_file: Run) -> None:
    first = import_file(MIXED)
    again = import_file(
        "nome;telefone;cidade;status;linha;motivo\nCaio;11999991234;;1;4;Faltam 8 números\n",
        contact_list=first.contact_list,
    )
    assert counts(again) == (1, 0, 0, 0)
    assert again.contact_list_id == first.contact_list_id and ContactList.objects.get().size == 4
    assert Contact.objects.get(name="Caio").attributes == {}


def test_duplicates_are_found_across_chunks(import_file: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    small_chunks(monkeypatch)
    text = many(10) + "Outra;11980000000\nOutra;11980000009\nNova;11980000099\n"
    run = import_file(text)
    assert counts(run) == (11, 0, 0, 2)
    assert set(Contact.objects.filter(phone="+5511980000000").values_list("name", flat=True)) == {"Pessoa 0"}
    first_rows = list(run.issues.order_by("row_number").values_list("reason", flat=True))
    assert "2" in first_rows[0] and "11" in first_rows[1]


def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run, "CHUNK", 3)
    monkeypatch.setattr(import_run, "FIRST_CHUNKS", (3, 3))


class WorkerKilledError(BaseException):
    """Stands for SIGKILL: no handler of the code runs on."""


def die_at(monkeypatch: pytest.MonkeyPatch, function: str, call: int) -> None:
    real, calls = getattr(import_run, function), mock.Mock()

    def dying(*args: Any, **kwargs: Any) -> Any:
        calls()
        if calls.call_count == call:
            raise WorkerKilledError
        return real(*args, **kwargs)

    monkeypatch.setattr(import_run, function, dying)
    # A killed worker gives nothing back.
    monkeypatch.setattr(import_run, "drop_lease", lambda lease: None)


@pytest.mark.parametrize("function", ["import_chunk", "merge_chunk", "_copy_issues", "_complete"])
@pytest.mark.parametrize("call", [1, 2, 4])
def test_killed_import_goes_on_with_the_same_totals(
    import_file: Run, in_acme: Organization, monkeypatch: pytest.MonkeyPatch, function: str, call: int
) -> None:
    small_chunks(monkeypatch)
    text = many(11) + "Outra;11980000000\nErrada;12\nOutra;11980000010\n"
    run = queued(text)
    if function == "_complete":
        call = 1
    with monkeypatch.context() as patch:
        die_at(patch, function, call)
        with pytest.raises(WorkerKilledError):
            import_run.run_import(run.pk)
    run.refresh_from_db()
    assert run.state == ImportState.RUNNING
    assert run.rows == run.created + run.duplicate + run.invalid == Contact.objects.count() + run.issues.count()
    assert not import_run.run_import(run.pk), "the lease of the dead worker still holds"
    lapse(run)
    import_run.run_import(run.pk)
    run.refresh_from_db()
    assert (run.state, counts(run)) == (ImportState.COMPLETED, (11, 0, 1, 2))
    assert Contact.objects.count() == 11 and ListMembership.objects.count() == 11
    assert run.issues.count() == 3


def queued(text: str | bytes) -> Import:
    draft = imports.start_draft(csv_file(text), actor=None)
    return imports.enqueue(draft, mapping=draft.mapping)


def lapse(run: Import) -> None:
    Import.objects.filter(pk=run.pk).update(lease_until=now() - timedelta(seconds=1))


def test_sweep_finds_an_import_whose_worker_is_gone(in_acme: Organization) -> None:
    run = queued(MIXED)
    Import.objects.filter(pk=run.pk).update(state=ImportState.RUNNING, lease_until=now() - timedelta(seconds=1))
    resume_stalled_imports()
    drain()
    run.refresh_from_db()
    assert (run.state, counts(run)) == (ImportState.COMPLETED, (3, 0, 1, 1))


def test_two_workers_never_run_one_import(in_acme: Organization) -> None:
    run = queued(MIXED)
    lease = take_lease(run.pk)
    assert lease is not None and take_lease(run.pk) is None
    assert not import_run.run_import(run.pk)
    assert Contact.objects.count() == 0
    lapse(run)
    other = take_lease(run.pk)
    assert other is not None
    with pytest.raises(LeaseLostError):
        keep_lease(lease)
    drop_lease(lease)
    keep_lease(other)


def test_worker_that_lost_its_lease_writes_nothing_more(in_acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    small_chunks(monkeypatch)
    run = queued(many(9))
    real = import_run.import_chunk

    def slow(run: Import, *args: Any, **kwargs: Any) -> None:
        real(run, *args, **kwargs)
        lapse(run)
        assert take_lease(run.pk) is not None

    monkeypatch.setattr(import_run, "import_chunk", slow)
    assert not import_run.run_import(run.pk)
    run.refresh_from_db()
    assert (run.state, run.rows, Contact.objects.count()) == (ImportState.RUNNING, 3, 3)


def test_one_import_at_a_time_in_an_organization(in_acme: Organization) -> None:
    first, second = queued(MIXED), queued(MIXED)
    lease = take_lease(first.pk)
    assert lease is not None and take_lease(second.pk) is None
    drop_lease(lease)
    work_on_import.enqueue(organization_id=str(in_acme.pk), import_id=str(first.pk))
    drain()
    assert set(Import.objects.values_list("state", flat=True)) == {ImportState.COMPLETED}, (
        "the end of one rings for the next"
    )
    second.refresh_from_db()
    assert counts(second) == (0, 3, 1, 1)


def test_import_gives_way_after_its_slice(in_acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    small_chunks(monkeypatch)
    run = queued(many(9))
    assert import_run.run_import(run.pk, seconds=0)
    run.refresh_from_db()
    assert (run.rows, run.state, run.lease_until) == (3, ImportState.RUNNING, None)
    work_on_import.enqueue(organization_id=str(in_acme.pk), import_id=str(run.pk))
    drain()
    run.refresh_from_db()
    assert counts(run) == (9, 0, 0, 0)


def test_file_that_breaks_in_the_middle_leaves_nothing_half_imported(
    in_acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch)
    run = queued(many(300) + '"Ana;11999998888\n' + "x" * 2_100_000)
    assert not import_run.run_import(run.pk)
    run.refresh_from_db()
    assert run.state == ImportState.FAILED and run.error
    assert (run.rows, Contact.objects.count()) == (0, 0)


def test_import_that_keeps_failing_says_so_and_can_be_tried_again(
    in_acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = queued(MIXED)
    with monkeypatch.context() as patch:
        patch.setattr(import_run, "merge_chunk", mock.Mock(side_effect=RuntimeError("disk full")))
        for _attempt in range(import_run.MAX_ATTEMPTS):
            with pytest.raises(RuntimeError):
                import_run.run_import(run.pk)
        assert not import_run.run_import(run.pk)
    run.refresh_from_db()
    assert run.state == ImportState.FAILED and str(import_run.MAX_ATTEMPTS) in run.error
    imports.retry(run, actor=None)
    assert not import_run.run_import(run.pk)
    run.refresh_from_db()
    assert (run.state, counts(run)) == (ImportState.COMPLETED, (3, 0, 1, 1))


def test_upload_that_vanished_fails_in_words(in_acme: Organization) -> None:
    run = queued(MIXED)
    imports.default_storage.delete(run.stored_path)
    import_run.run_import(run.pk)
    run.refresh_from_db()
    assert run.state == ImportState.FAILED and run.error


def test_upload_is_forgotten_once_imported(import_file: Run, settings: Any) -> None:
    run = import_file(MIXED)
    assert run.stored_path == ""
    assert list(settings.MEDIA_ROOT.rglob("*.table")) == []


def test_second_click_imports_once(in_acme: Organization) -> None:
    draft = imports.start_draft(csv_file(MIXED), actor=None)
    for _click in range(2):
        imports.enqueue(draft, mapping=draft.mapping)
        work_on_import.enqueue(organization_id=str(in_acme.pk), import_id=str(draft.pk))
    drain()
    assert ContactList.objects.count() == 1 and Contact.objects.count() == 3
    draft.refresh_from_db()
    assert counts(draft) == (3, 0, 1, 1)


def test_organizations_do_not_meet_in_an_import(import_file: Run, carla: Membership) -> None:
    with activate_organization(carla.organization_id):
        Contact.objects.create(name="De Carla", phone="+5511999998888", phone_key="+5511999998888")
    assert counts(import_file(MIXED)) == (3, 0, 1, 1)
    with activate_organization(carla.organization_id):
        assert list(Contact.objects.values_list("name", flat=True)) == ["De Carla"]


def test_statements_do_not_grow_with_the_rows(in_acme: Organization, django_assert_max_num_queries: Any) -> None:
    small, large = queued(many(10)), queued(many(900))
    with django_assert_max_num_queries(60) as few:
        import_run.run_import(small.pk)
    with django_assert_max_num_queries(60) as many_rows:
        import_run.run_import(large.pk)
    assert len(few.captured_queries) == len(many_rows.captured_queries)


@pytest.mark.parametrize("mapping", [{}, {"0": "name"}, {"1": "city"}])
def test_import_without_a_phone_column_is_refused(in_acme: Organization, mapping: dict[str, str]) -> None:
    draft = imports.start_draft(csv_file(MIXED), actor=None)
    with pytest.raises(TableError):
        imports.enqueue(draft, mapping=mapping)
    draft.refresh_from_db()
    assert draft.state == ImportState.DRAFT and not ContactList.objects.exists()


def test_cells_that_copy_has_to_escape_come_in_as_they_are(import_file: Run) -> None:
    import_file('nome;telefone;obs\n"Ana \\ ""Bia""";11999998888;"linha 1\nlinha 2\tcom \\N e \\."\n')
    ana = Contact.objects.get()
    assert (ana.name, ana.attributes["obs"]) == ('Ana \\ "Bia"', "linha 1\nlinha 2\tcom \\N e \\.")


def test_list_keeps_the_order_of_the_file(import_file: Run) -> None:
    run = import_file(many(50))
    rows = ListMembership.objects.filter(contact_list=run.contact_list).order_by("row_number")
    assert [name for (name,) in rows.values_list("contact__name")] == [f"Pessoa {n}" for n in range(50)]


def test_contact_that_a_person_corrected_is_updated_not_repeated(import_file: Run, ana: Membership) -> None:
    import_file("nome;telefone\nAna;11999998888\n")
    contact = Contact.objects.get()
    save_contact(contact, actor=ana, phone="+5511988887777")
    assert counts(import_file("nome;telefone\nAna;11988887777\nAna;11999998888\n")) == (1, 1, 0, 0)


def test_temporary_tables_are_gone_after_the_import(import_file: Run) -> None:
    import_file(MIXED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'import_stage'")
        assert cursor.fetchone() == (0,)
    assert merge.merge_chunk(
        merge.Chunk([], 0, b""), organization_id=Organization.objects.get().pk, import_id=Organization.objects.get().pk,
        list_id=Organization.objects.get().pk, has_status=False,
    ) == merge.Merged(0, 0, {})  # fmt: skip
