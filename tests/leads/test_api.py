"""Contacts, lists and imports by the API: the same rules as the pages, and problems that programs read."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from accounts.models import Organization
from accounts.services.tokens import create_api_token
from core.tenancy import activate_organization
from leads.models import Contact, ContactList, Import
from leads.queries import contacts
from leads.services.contacts import set_qualification
from tests.leads.conftest import csv_file
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Call = Callable[..., HttpResponse]


@pytest.fixture
def call(in_acme: Organization) -> Call:
    _row, token = create_api_token("loja")

    def send(method: str, path: str, body: Any = None) -> HttpResponse:
        data = b"" if body is None else orjson.dumps(body)
        return Client().generic(  # type: ignore[return-value]  # of the test client
            method,
            f"/api/v1{path}",
            data,
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    send.token = token  # type: ignore[attr-defined]  # for uploads
    return send


def told(answer: HttpResponse) -> Any:
    return orjson.loads(answer.content)


def test_a_contact_is_made_read_changed_and_erased(call: Call) -> None:
    made = call("POST", "/contacts", {"name": "Bia", "phone": "(19) 99742-6108", "attributes": {"Interesse": "x"}})
    assert made.status_code == 201
    row = told(made)
    assert (row["phone"], row["attributes"], row["source"]) == ("+5519997426108", {"interesse": "x"}, "api")
    changed = told(
        call("PATCH", f"/contacts/{row['id']}", {"city": "Campinas", "attributes": {"interesse": None, "cor": "azul"}})
    )
    assert (changed["name"], changed["city"], changed["attributes"]) == ("Bia", "Campinas", {"cor": "azul"})
    assert call("DELETE", f"/contacts/{row['id']}").status_code == 204
    assert told(call("GET", "/contacts"))["items"] == []


def test_contacts_are_found_by_what_the_sdr_wrote_on_them(call: Call) -> None:
    for name, status, temperature in (
        ("Bia", "qualificado", "quente"),
        ("Caio", "qualificado", "frio"),
        ("Ju", "abandoned", "frio"),
    ):
        row = Contact.objects.create(name=name)
        set_qualification(row.pk, temperature=temperature, score=70, status=status)
    Contact.objects.create(name="Nova")

    def names(question: str) -> set[str]:
        return {row["name"] for row in told(call("GET", f"/contacts?{question}"))["items"]}

    assert names("qualification=qualificado") == {"Bia", "Caio"}
    assert names("qualification=qualificado&temperature=frio") == {"Caio"}
    assert names("temperature=frio") == {"Caio", "Ju"}
    assert names("qualification=qualific") == set()
    assert call("GET", "/contacts?qualification=%00").status_code == 422
    assert call("GET", "/contacts?temperature=%00").status_code == 422


def test_what_the_sdr_wrote_is_looked_up_in_an_index(in_acme: Organization) -> None:
    Contact.objects.bulk_create(Contact(organization_id=in_acme.pk, name=f"Pessoa {n}") for n in range(3000))
    set_qualification(Contact.objects.first().pk, temperature="quente", score=100, status="qualificado")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_contact")
    found = contacts(qualification="qualificado")
    assert found.count() == 1
    assert "contact_marked_by_sdr" in found.explain()


def test_the_phone_of_somebody_else_is_a_conflict(call: Call) -> None:
    call("POST", "/contacts", {"name": "Bia", "phone": "19997426108"})
    answer = call("POST", "/contacts", {"name": "Outra", "phone": "1997426108"})
    assert (answer.status_code, told(answer)["code"]) == (409, "duplicate")
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": " "}, {"phone": "123"}, {"name": "x", "email": "x@"}, {"name": "x", "status": 2}, {"name": "x" * 161},
        {"name": "x", "tags": ["a"] * 21}, {"name": "x", "attributes": {f"k{n}": 1 for n in range(101)}},
        {"name": "x", "attributes": {"a": {"b": 1}}}, {"name": "x", "list_ids": ["nada"]},
    ],
)  # fmt: skip
def test_a_contact_that_is_none_is_unprocessable(call: Call, body: dict[str, Any]) -> None:
    answer = call("POST", "/contacts", body)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert not Contact.objects.exists()


def test_contacts_come_in_pages_newest_first(call: Call) -> None:
    for number in range(130):
        call("POST", "/contacts", {"name": f"P{number}"})
    first = told(call("GET", "/contacts"))
    second = told(call("GET", f"/contacts?cursor={first['next_cursor']}"))
    names = [row["name"] for row in first["items"] + second["items"]]
    assert names == [f"P{n}" for n in reversed(range(130))]
    assert second["next_cursor"] is None


def test_contacts_are_found_by_phone_words_and_list(call: Call) -> None:
    made = told(call("POST", "/lists", {"name": "Clientes"}))
    call("POST", "/contacts", {"name": "Bia Prado", "phone": "19997426108", "list_ids": [made["id"]]})
    call("POST", "/contacts", {"name": "Caio", "phone": "19998001001"})
    for query in ("phone=1997426108", "search=prado", f"list_id={made['id']}"):
        assert [row["name"] for row in told(call("GET", f"/contacts?{query}"))["items"]] == ["Bia Prado"], query
    assert told(call("GET", "/lists"))["items"][0]["size"] == 1


def test_a_file_is_imported_and_its_four_counts_add_up(call: Call, acme: Organization) -> None:
    answer = Client().post(
        "/api/v1/imports",
        {
            "file": csv_file("Quem;Fone;Cor\nBia;19997426108;azul\nSem;;x\nBia;(19) 99742-6108;y\n"),
            "list_name": "Novembro", "mapping": '{"Quem": "name", "Fone": "phone", "Cor": ""}',
        },
        headers={"Authorization": f"Bearer {call.token}"},  # type: ignore[attr-defined]
    )  # fmt: skip
    assert answer.status_code == 202
    drain()
    run = told(call("GET", f"/imports/{told(answer)['id']}"))
    counted = (run["state"], run["rows"], run["created"], run["updated"], run["invalid"], run["duplicate"])
    assert counted == ("completed", 3, 1, 0, 1, 1)
    with activate_organization(acme.pk):
        assert (Contact.objects.get().name, Contact.objects.get().attributes) == ("Bia", {})
        assert ContactList.objects.get(pk=run["list_id"]).name == "Novembro"


@pytest.mark.parametrize("mapping", ["{", "[]", '"x"', '{"Nada": "phone"}', '{"Fone": "nada"}'])
def test_a_mapping_that_is_none_keeps_nothing(call: Call, mapping: str) -> None:
    answer = Client().post(
        "/api/v1/imports", {"file": csv_file("Fone\n19997426108\n"), "mapping": mapping},
        headers={"Authorization": f"Bearer {call.token}"},  # type: ignore[attr-defined]
    )  # fmt: skip
    assert answer.status_code in {409, 422}
    assert answer["Content-Type"] == "application/problem+json"
    assert not Import.objects.exists()


def test_nothing_of_another_business_is_there(call: Call, carla: Any) -> None:
    with activate_organization(carla.organization_id):
        theirs = Contact.objects.create(name="Segredo")
        other = ContactList.objects.create(name="Deles")
    assert call("GET", f"/contacts/{theirs.pk}").status_code == 404
    assert call("PATCH", f"/contacts/{theirs.pk}", {"name": "x"}).status_code == 404
    assert call("GET", f"/contacts?list_id={other.pk}").status_code == 404
    assert call("POST", "/contacts", {"name": "x", "list_ids": [str(other.pk)]}).status_code == 404
    assert not Contact.objects.exists()
