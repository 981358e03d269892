"""Fields that are empty for somebody are named before anything leaves, with how many and where to see them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Organization, User
from campaigns.queries.blanks import blank_fields
from leads.models import Contact, ContactList
from leads.queries import contacts

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


@pytest.fixture
def people(in_acme: Organization, make_list: Any, make_contact: Any) -> ContactList:
    rows = [
        make_contact(1, "Ana", city="Campinas", attributes={"plano": "ouro"}),
        make_contact(2, "Beto", attributes={"plano": "  "}),
        make_contact(3, "Caio", attributes={"city": "Santos"}),
        make_contact(4, "Duda", attributes={"plano": None, "contains": "x"}),
        make_contact(5, "Eva", opted_out_at=timezone.now()),
        make_contact(6, "Fabi", status=0),
        make_contact(7, "Gil", phone=""),
    ]
    Contact.objects.filter(pk=rows[3].pk).update(name="")
    found: ContactList = make_list(contacts=rows)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oi {nome}", {"nome": 1}),
        ("Oi {nome|tudo bem}", {}),
        ("Em {cidade}", {"city": 2}),
        ("Seu {plano} em {{ city }}", {"plano": 3, "city": 2}),
        ("[Oi {nome}|Olá {plano}]", {"nome": 1, "plano": 3}),
        ("{contains} {0} {isnull}", {"contains": 3, "0": 4, "isnull": 4}),
        ("{saudacao}, veja {por_que_recebi}", {}),
        ("{phone} e {bairro}", {"bairro": 4}),
    ],
    ids=[
        "name",
        "fallback",
        "column or attribute",
        "two",
        "choices",
        "odd names",
        "not of the contact",
        "known to all",
    ],
)
def test_who_has_nothing_in_a_field_is_counted(people: ContactList, text: str, expected: dict[str, int]) -> None:
    assert {one.key: one.count for one in blank_fields([text], [people])} == expected


def test_the_linked_list_shows_the_very_same_people(people: ContactList) -> None:
    for blank in blank_fields(["{nome} {cidade} {plano} {contains} {0}"], [people]):
        assert contacts(list_id=people.pk, reach="receives", empty=blank.key).count() == blank.count


def test_each_list_is_named_with_its_own_number(people: ContactList, make_list: Any, make_contact: Any) -> None:
    other = make_list(contacts=[make_contact(20, "Zeca")], name="Novos")
    (blank,) = blank_fields(["{cidade}"], [people, other])
    assert [(one.name, count) for one, count in blank.lists] == [("Pacientes", 2), ("Novos", 1)]


def test_no_list_and_no_field_ask_nothing(people: ContactList, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert blank_fields(["Oi {nome|você}"], [people]) == []
        assert blank_fields(["Oi {nome}"], []) == []
    with django_assert_num_queries(1):
        blank_fields(["{nome} {a} {b} {c} {d} {e} {f} {g} {h}"], [people])


def test_the_summary_warns_and_links_to_the_list(bruno: Membership, login: Login, people: ContactList) -> None:
    client = login(bruno)
    data = {"lists": [str(people.pk)], "variant": ["Oi, {nome}! Seu {plano}."], "when": "now"}
    html = client.post("/campanhas/nova/resumo/", data, headers={"HX-Request": "true"}).content.decode()
    address = f"/leads/?lista={people.pk}&amp;campanhas=receives&amp;vazio=plano"
    assert address in html and "está vazio para 3 contatos" in html
    page = client.get(address.replace("&amp;", "&")).content.decode()
    assert "Beto" in page and "Caio" in page and "Ana" not in page.split('id="results"')[1].split("</table>")[0]
    assert "sem plano" in page


def test_the_preview_reads_as_a_real_contact_of_the_list(bruno: Membership, login: Login, people: ContactList) -> None:
    data = {
        "lists": [str(people.pk)],
        "variant": ["Seu plano: {plano}"],
        "preview_as": str(Contact.objects.get(name="Ana").pk),
    }
    html = login(bruno).post("/campanhas/nova/previa/", data, headers={"HX-Request": "true"}).content.decode()
    assert "Seu plano: ouro" in html
