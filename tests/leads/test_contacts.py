"""Contacts as people work with them: found, narrowed, changed, tagged, put in lists, taken out of campaigns, erased."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Membership, Organization
from core.clock import now
from core.errors import DomainError
from leads.filters import Filters
from leads.models import Contact, ContactIdentity, ContactList, ListMembership
from leads.queries import contacts
from leads.services import contacts as services
from leads.services.lists import add_to_list, create_list, delete_list, remove_from_list
from tests.support.thread import contact

pytestmark = pytest.mark.django_db
Login = Callable[..., Client]


@pytest.fixture
def people(in_acme: Organization) -> dict[str, Contact]:
    made = {
        "bia": services.save_contact(
            Contact(organization=in_acme), actor=None, name="Bía Prado", phone="+5519997426108", email="bia@acme.com.br",
            city="São João", tags=["vip"], attributes={"Interesse": "clareamento"}, status=1,
        ),
        "caio": services.save_contact(Contact(organization=in_acme), actor=None, name="Caio", phone="+5519998001001", status=0),
        "duda": services.save_contact(Contact(organization=in_acme), actor=None, name="Duda", email="duda@acme.com.br"),
    }  # fmt: skip
    services.set_qualification(made["bia"].pk, temperature="quente", score=102)
    return made


def names(rows: Any) -> set[str]:
    return set(rows.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({}, {"Bía Prado", "Caio", "Duda"}),
        ({"search": "bia"}, {"Bía Prado"}),
        ({"search": "SAO prado"}, {"Bía Prado"}),
        ({"search": "(19) 99742-6108"}, {"Bía Prado"}),
        ({"search": "duda@acme"}, {"Duda"}),
        ({"search": "%"}, set()),
        ({"search": "' OR 1=1 --"}, set()),
        ({"phone": "19 9742-6108"}, {"Bía Prado"}),
        ({"phone": "19 99742-6108"}, {"Bía Prado"}),
        ({"phone": "nada"}, set()),
        ({"temperature": "quente"}, {"Bía Prado"}),
        ({"tag": "vip"}, {"Bía Prado"}),
        ({"reach": "receives"}, {"Bía Prado"}),
        ({"reach": "status_0"}, {"Caio"}),
        ({"reach": "opted_out"}, set()),
    ],
)
def test_contacts_are_found_by(people: dict[str, Contact], narrowed: dict[str, Any], found: set[str]) -> None:
    assert names(contacts(**narrowed)) == found


def test_what_makes_no_sense_in_an_address_narrows_nothing(
    ana: Membership, login: Login, people: dict[str, Contact]
) -> None:
    page = (
        login(ana)
        .get(reverse("leads:list") + "?lista=x&temperatura=fervendo&campanhas=talvez&cursor=zzz")
        .content.decode()
    )
    assert all(name in page for name in ("Bía Prado", "Caio", "Duda"))


def test_the_filters_of_a_page_are_those_of_its_export(
    ana: Membership, login: Login, people: dict[str, Contact]
) -> None:
    answer = login(ana).get(reverse("leads:contacts-csv") + "?temperatura=quente")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
    assert "Bía Prado" in text and "Caio" not in text
    head = text.splitlines()[0].split(";")
    assert head[:4] == ["nome", "telefone", "whatsapp_link", "status"] and head[-1] in {
        "Interesse",
        "interesse",
        "sdr_ia_temperatura",
    }


def test_the_ninth_digit_makes_no_second_contact(people: dict[str, Contact], in_acme: Organization) -> None:
    with pytest.raises(services.DuplicateContactError) as refusal:
        services.save_contact(Contact(organization=in_acme), actor=None, name="Outra", phone="+551997426108")
    assert refusal.value.contact_id == people["bia"].pk
    assert Contact.objects.count() == 3


def test_a_further_phone_belongs_to_its_contact(people: dict[str, Contact], in_acme: Organization) -> None:
    services.add_identity(people["bia"], "phone", "+5511988887777")
    found, created = services.find_or_create_contact(phone="+5511988887777", identities=[], name="", source="whatsapp")
    assert (found.pk, created) == (people["bia"].pk, False)
    with pytest.raises(services.DuplicateContactError):
        services.save_contact(people["caio"], actor=None, phone="+5511988887777")


def test_an_address_without_a_phone_learns_its_phone_later(in_acme: Organization) -> None:
    first, _new = services.find_or_create_contact(
        phone=None, identities=[("lid", "77@lid")], name="Eva", source="whatsapp"
    )
    again, created = services.find_or_create_contact(
        phone="+5519990001122", identities=[("lid", "77@lid")], name="Outra", source="whatsapp"
    )
    assert (again.pk, created, again.name, again.phone) == (first.pk, False, "Eva", "+5519990001122")
    assert ContactIdentity.objects.count() == 1


def test_what_a_form_says_is_kept_bounded_and_plain(people: dict[str, Contact]) -> None:
    saved = services.save_contact(
        people["duda"], actor=None, name="  Duda \x00  Lima  ", tags=["a", "a", " ", "b" * 90],
        attributes={"Cor Favorita": " azul ", "vazio": "", "": "x"},
    )  # fmt: skip
    saved.refresh_from_db()
    assert saved.name == "Duda Lima"
    assert saved.tags == ["a", "b" * 40]
    assert saved.attributes == {"cor_favorita": "azul"}
    with pytest.raises(services.ContactError):
        services.save_contact(saved, actor=None, attributes={f"k{n}": "v" for n in range(101)})


def test_a_refused_form_keeps_what_was_typed_and_leads_to_the_other(
    ana: Membership, login: Login, people: dict[str, Contact]
) -> None:
    answer = login(ana).post(
        reverse("leads:contact-create"), {"name": "Nova <b>", "phone": "(19) 99742-6108", "status": "1"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nova &lt;b&gt;" in page and reverse("leads:contact", args=[people["bia"].pk]) in page
    assert Contact.objects.count() == 3


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"name": ""},
        {"name": "x", "phone": "123"},
        {"name": "x", "email": "x@"},
        {"name": "x" * 161},
        {"name": "x", "status": "7"},
    ],
)
def test_a_contact_that_is_none_is_refused_in_words(
    ana: Membership, login: Login, in_acme: Organization, values: dict[str, str]
) -> None:
    answer = login(ana).post(reverse("leads:contact-create"), values)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode() or 'role="alert"' in answer.content.decode()
    assert not Contact.objects.exists()


def test_extra_fields_are_named_as_people_name_them(ana: Membership, login: Login, people: dict[str, Contact]) -> None:
    browser, address = login(ana), reverse("leads:contact-edit", args=[people["duda"].pk])
    browser.post(address, {"name": "Duda", "status": "1", "new-label-0": "Cor Favorita", "new-value-0": "azul"})
    people["duda"].refresh_from_db()
    assert people["duda"].attributes == {"cor_favorita": "azul"}
    page = browser.get(reverse("leads:contact", args=[people["duda"].pk])).content.decode()
    assert "Cor Favorita" in page and "azul" in page


def test_ticked_contacts_get_a_tag_and_a_list_and_leave_it(
    ana: Membership, login: Login, people: dict[str, Contact]
) -> None:
    browser, address = login(ana), reverse("leads:contacts-change")
    ticked = [str(people["bia"].pk), str(people["caio"].pk), "lixo"]
    browser.post(address, {"contact": ticked, "action": "tag", "tag": "novembro"})
    assert names(contacts(tag="novembro")) == {"Bía Prado", "Caio"}
    browser.post(address, {"contact": ticked, "action": "list", "new_list": "Clientes"})
    made = ContactList.objects.get()
    assert (made.name, made.size) == ("Clientes", 2)
    browser.post(address, {"contact": ticked[:1], "action": "unlist", "from_list": str(made.pk)})
    made.refresh_from_db()
    assert made.size == 1
    assert {entry.action for entry in AuditEntry.objects.all()} >= {"contacts.tagged", "list.created"}


@pytest.mark.parametrize("body", [{}, {"action": "tag"}, {"contact": "lixo", "action": "tag", "tag": "a"}])
def test_nothing_ticked_changes_nothing_and_says_so(
    ana: Membership, login: Login, people: dict[str, Contact], body: dict[str, str]
) -> None:
    answer = login(ana).post(reverse("leads:contacts-change"), body | {"next": "https://evil.example/"}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("leads:list")
    assert "Marque os contatos" in answer.content.decode()


def test_ids_of_another_business_change_nothing(
    ana: Membership, carla: Membership, login: Login, people: dict[str, Contact]
) -> None:
    login(carla).post(
        reverse("leads:contacts-change"), {"contact": [str(people["bia"].pk)], "action": "tag", "tag": "meu"}
    )
    people["bia"].refresh_from_db()
    assert people["bia"].tags == ["vip"]


def test_out_of_campaigns_and_back_only_with_a_proof(ana: Membership, login: Login, people: dict[str, Contact]) -> None:
    browser, bia = login(ana), people["bia"]
    browser.post(reverse("leads:contact-opt-out", args=[bia.pk]), {"reason": "pediu por telefone"})
    bia.refresh_from_db()
    assert bia.is_opted_out and bia.opt_out_reason == "pediu por telefone"
    browser.post(reverse("leads:contact-opt-in", args=[bia.pk]), {"reason": " "})
    bia.refresh_from_db()
    assert bia.is_opted_out
    browser.post(reverse("leads:contact-opt-in", args=[bia.pk]), {"reason": "assinou na recepção"})
    bia.refresh_from_db()
    assert not bia.is_opted_out
    page = browser.get(reverse("leads:contact", args=[bia.pk])).content.decode()
    assert "assinou na recepção" in page and "pediu por telefone" in page


def test_a_contact_goes_in_and_out_of_lists(ana: Membership, login: Login, people: dict[str, Contact]) -> None:
    browser, address = login(ana), reverse("leads:contact-lists", args=[people["bia"].pk])
    browser.post(address, {"action": "add", "new_list": "Retorno"})
    made = ContactList.objects.get(name="Retorno")
    assert made.size == 1
    browser.post(address, {"action": "remove", "list": str(made.pk)})
    made.refresh_from_db()
    assert made.size == 0
    assert "Dê um nome" in browser.post(address, {"action": "add", "new_list": "  "}, follow=True).content.decode()


def test_erased_data_is_gone_from_every_page(ana: Membership, login: Login, people: dict[str, Contact]) -> None:
    browser, bia = login(ana), people["bia"]
    add_to_list(create_list("Clientes", actor=None), [bia.pk])
    browser.post(reverse("leads:contact-anonymise", args=[bia.pk]))
    pages = b"".join(
        browser.get(address).content for address in (reverse("leads:list"), reverse("leads:contact", args=[bia.pk]))
    ).decode()
    assert not any(word in pages for word in ("Prado", "99742", "bia@acme"))
    with pytest.raises(services.ContactError):
        services.save_contact(bia, actor=None, name="Bia")
    again, _new = services.find_or_create_contact(phone="+5519997426108", identities=[], name="Bia", source="whatsapp")
    assert again.is_opted_out


def test_deleting_a_list_keeps_its_contacts_and_leaves_no_place(people: dict[str, Contact]) -> None:
    made = create_list("Clientes", actor=None)
    assert add_to_list(made, [row.pk for row in people.values()]) == 3
    assert add_to_list(made, [people["bia"].pk]) == 0
    assert remove_from_list(made, [people["duda"].pk]) == 1
    delete_list(made, actor=None)
    assert (Contact.objects.count(), ListMembership.objects.count()) == (3, 0)


def test_a_list_without_a_name_is_refused(ana: Membership, login: Login, in_acme: Organization) -> None:
    with pytest.raises(DomainError):
        create_list(" \x00 ", actor=None)
    assert login(ana).post(reverse("leads:list-create"), {"name": ""}).status_code == 422


def test_a_list_is_made_named_exported_and_deleted(ana: Membership, login: Login, people: dict[str, Contact]) -> None:
    browser = login(ana)
    browser.post(reverse("leads:list-create"), {"name": "Clientes"})
    made = ContactList.objects.get()
    add_to_list(made, [people["bia"].pk, people["caio"].pk])
    browser.post(reverse("leads:list-rename", args=[made.pk]), {"name": "Clientes de 2026"})
    answer = browser.get(reverse("leads:list-csv", args=[made.pk]))
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[arg-type]
    assert len(rows) == 3 and rows[0].startswith("nome;telefone;whatsapp_link;status")
    assert "clientes-de-2026" in answer["Content-Disposition"]
    browser.post(reverse("leads:list-delete", args=[made.pk]))
    assert not ContactList.objects.exists()


def test_an_agent_deletes_no_list(bruno: Membership, login: Login, in_acme: Organization) -> None:
    made = create_list("Clientes", actor=None)
    assert login(bruno).post(reverse("leads:list-delete", args=[made.pk])).status_code == 403
    assert ContactList.objects.exists()


def test_an_opt_out_is_told_once(people: dict[str, Contact]) -> None:
    assert services.opt_out(people["bia"].pk, reason="sair", at=now())
    assert not services.opt_out(people["bia"].pk, reason="sair", at=now())
    assert people["bia"].timeline.filter(kind="opt_out").count() == 1


def test_filters_without_anything_are_none() -> None:
    assert not Filters()
    assert Filters(search="x")


def test_a_list_in_the_address_of_another_business_shows_nobody(
    ana: Membership, carla: Membership, login: Login, in_acme: Organization
) -> None:
    made = create_list("Clientes", actor=None)
    add_to_list(made, [contact("Bia", "+5519990001000").pk])
    assert "Bia" in login(ana).get(f"{reverse('leads:list')}?lista={made.pk}").content.decode()
    assert "Bia" not in login(carla).get(f"{reverse('leads:list')}?lista={made.pk}").content.decode()
