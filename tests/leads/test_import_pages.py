"""The import as a person goes through it: columns, preview, progress, what stayed out, and back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization
from core.tenancy import activate_organization
from leads.models import Contact, ContactList, Import, ImportState
from leads.services.lists import create_list
from tests.leads.conftest import csv_file, xlsx_file
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Login = Callable[..., Client]
FILE = "nome;telefone;cor\nBia;19997426108;azul\nSem;;x\nBia de novo;(19) 99742-6108;y\n"


@pytest.fixture
def browser(ana: Membership, in_acme: Organization, login: Login) -> Client:
    return login(ana)


@pytest.fixture
def draft(browser: Client) -> Import:
    browser.post(reverse("leads:import-create"), {"file": csv_file(FILE)})
    run: Import = Import.objects.get()
    return run


def address(name: str, run: Import) -> str:
    return reverse(f"leads:{name}", args=[run.pk])


def columns(**changed: str) -> dict[str, str]:
    return {"column-0": "name", "column-1": "phone", "column-2": "attribute:cor", "list_name": "Novembro"} | changed


def test_an_upload_leads_to_its_columns_and_saves_nothing(browser: Client, draft: Import) -> None:
    page = browser.get(address("import-mapping", draft)).content.decode()
    assert draft.state == ImportState.DRAFT
    assert "azul" in page and 'name="column-2"' in page
    assert not Contact.objects.exists() and not ContactList.objects.exists()


def test_the_preview_follows_the_columns(browser: Client, draft: Import) -> None:
    headers = {"HX-Request": "true", "HX-Target": "preview"}
    good = browser.post(address("import-preview", draft), columns(), headers=headers).content.decode()
    assert "<html" not in good and "1 contato entraria" in good
    none = browser.post(address("import-preview", draft), columns(**{"column-1": ""}), headers=headers).content.decode()
    assert "Nenhuma coluna é o telefone" in none


@pytest.mark.parametrize(
    "body", [{}, {"column-0": "name"}, columns(**{"column-1": "lixo"}), columns(list="lixo", **{"column-1": ""})]
)
def test_columns_without_a_phone_are_refused_and_kept_as_chosen(
    browser: Client, draft: Import, body: dict[str, str]
) -> None:
    answer = browser.post(address("import-mapping", draft), body)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    draft.refresh_from_db()
    assert draft.state == ImportState.DRAFT


def test_a_column_that_means_two_things_is_read_once(browser: Client, draft: Import) -> None:
    browser.post(address("import-mapping", draft), columns(**{"column-2": "phone"}))
    drain()
    assert Contact.objects.count() <= 1


def test_from_columns_to_the_counts(browser: Client, draft: Import) -> None:
    answer = browser.post(address("import-mapping", draft), columns())
    assert answer["Location"] == address("import", draft)
    assert 'hx-trigger="live:import:' in browser.get(address("import", draft)).content.decode()
    drain()
    page = browser.get(
        address("import", draft), headers={"HX-Request": "true", "HX-Target": "progress"}
    ).content.decode()
    for name, count in (("created", 1), ("updated", 0), ("invalid", 1), ("duplicate", 1)):
        assert f'data-count="{name}">{count}<' in page
    assert "hx-trigger" not in page
    assert "Não há telefone nesta linha" in page and "Mesma pessoa da linha 2" in page
    assert Contact.objects.get().attributes == {"cor": "azul"}
    assert (ContactList.objects.get().name, ContactList.objects.get().size) == ("Novembro", 1)


def test_two_tabs_import_once(browser: Client, draft: Import) -> None:
    first = browser.post(address("import-mapping", draft), columns())
    second = browser.post(address("import-mapping", draft), columns(list_name="Outra"))
    assert first["Location"] == second["Location"]
    drain()
    assert ContactList.objects.get().name == "Novembro"
    assert browser.get(address("import-mapping", draft)).status_code == 302
    assert browser.post(address("import-preview", draft), columns()).status_code == 302


def test_into_a_list_that_is_there(browser: Client, draft: Import) -> None:
    known = create_list("Clientes", actor=None)
    browser.post(address("import-mapping", draft), columns(list=str(known.pk)))
    drain()
    known.refresh_from_db()
    assert (ContactList.objects.count(), known.size) == (1, 1)


def test_a_list_of_another_business_is_not_found(browser: Client, draft: Import, carla: Membership) -> None:
    with activate_organization(carla.organization_id):
        theirs = create_list("Deles", actor=None)
    assert browser.post(address("import-mapping", draft), columns(list=str(theirs.pk))).status_code == 404
    draft.refresh_from_db()
    assert draft.state == ImportState.DRAFT


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_rows_that_stayed_out_come_back_with_their_reasons(browser: Client, draft: Import, kind: str) -> None:
    browser.post(address("import-mapping", draft), columns())
    drain()
    answer: Any = browser.get(address(f"import-issues-{kind}", draft))
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
    if kind == "csv":
        rows = data.decode("utf-8-sig").splitlines()
        assert rows[0] == "nome;telefone;cor;status;linha;motivo"
        assert len(rows) == 3 and "Não há telefone" in rows[1]
        only: Any = browser.get(address("import-issues-csv", draft) + "?tipo=invalid")
        assert len(b"".join(only.streaming_content).decode().splitlines()) == 2


@pytest.mark.django_db(transaction=True)  # what an import created is told by the clock of the database
def test_undone_the_contact_and_its_list_are_gone(browser: Client, draft: Import) -> None:
    browser.post(address("import-mapping", draft), columns())
    drain()
    assert "Desfazer a importação" in browser.get(address("import", draft)).content.decode()
    browser.post(address("import-undo", draft))
    drain()
    assert not Contact.objects.exists() and not ContactList.objects.exists()
    assert "foi desfeita" in browser.get(address("import", draft)).content.decode()


def test_another_agent_does_not_undo_it(browser: Client, draft: Import, bruno: Membership, login: Login) -> None:
    browser.post(address("import-mapping", draft), columns())
    drain()
    assert login(bruno).post(address("import-undo", draft)).status_code == 403
    assert Contact.objects.count() == 1


def test_another_file_instead(browser: Client, draft: Import) -> None:
    browser.post(address("import-discard", draft))
    assert not Import.objects.exists()


def test_what_did_not_fail_is_not_tried_again(browser: Client, draft: Import) -> None:
    answer = browser.post(address("import-retry", draft), follow=True)
    assert answer.status_code == 200
    draft.refresh_from_db()
    assert draft.state == ImportState.DRAFT


def test_a_workbook_goes_the_same_way(browser: Client) -> None:
    browser.post(reverse("leads:import-create"), {"file": xlsx_file([["nome", "celular"], ["Bia", 19997426108]])})
    run = Import.objects.get()
    browser.post(address("import-mapping", run), {"column-0": "name", "column-1": "phone"})
    drain()
    assert Contact.objects.get().phone == "+5519997426108"
    assert "clientes.xlsx" in browser.get(reverse("leads:imports")).content.decode()
