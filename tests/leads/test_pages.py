"""Every page of the app: works, needs log-in, hides itself from strangers, refuses what a viewer may not do."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from core.ids import uuid7
from core.tenancy import activate_organization
from leads.models import Contact, ContactList, Import, ListMembership
from leads.services import imports
from leads.services.contacts import find_or_create_contact
from tests.leads.conftest import csv_file

pytestmark = pytest.mark.django_db
Login = Callable[..., Client]

GET_PAGES = ["leads:list", "leads:lists", "leads:imports", "leads:import-create", "leads:contact-create"]
CONTACT_PAGES = ["leads:contact", "leads:contact-edit"]
LIST_PAGES = ["leads:list-rename", "leads:list-csv", "leads:list-xlsx"]
POSTS = {
    "contact": ["contact-edit", "contact-opt-out", "contact-opt-in", "contact-lists", "contact-anonymise"],
    "list": ["list-rename", "list-delete"],
    "import": ["import-mapping", "import-preview", "import-discard", "import-undo", "import-retry"],
}


def without_token(page: bytes) -> bytes:
    return re.sub(rb'"X-CSRFToken": "\w+"|value="\w{64}"', b"", page)


@pytest.fixture
def things(ana: Membership) -> dict[str, Any]:
    """One of each thing of Acme's."""
    with activate_organization(ana.organization_id):
        contact, _new = find_or_create_contact(
            phone="+5511999998888", identities=[], name="Bia Prado", source="whatsapp"
        )
        listed: ContactList = ContactList.objects.create(name="Clientes")
        ListMembership.objects.create(contact_list=listed, contact=contact)
        draft = imports.start_draft(csv_file("nome;telefone\nAna;11999997777\n"), actor=ana)
        return {"contact": contact, "list": listed, "import": draft}


@pytest.mark.parametrize("name", GET_PAGES)
def test_page_works_and_needs_a_login(name: str, ana: Membership, login: Login, things: dict[str, Any]) -> None:
    assert login(ana).get(reverse(name)).status_code == 200
    refused = Client().get(reverse(name))
    assert refused.status_code == 302 and "login" in refused.headers["Location"]


@pytest.mark.parametrize("name", [*CONTACT_PAGES, *LIST_PAGES])
def test_page_of_a_thing_works_for_its_owner_only(
    name: str, ana: Membership, carla: Membership, login: Login, things: dict[str, Any]
) -> None:
    thing = things["contact"] if name in CONTACT_PAGES else things["list"]
    assert login(ana).get(reverse(name, args=[thing.pk])).status_code == 200
    foreign, absent = (login(carla).get(reverse(name, args=[pk])) for pk in (thing.pk, uuid7()))
    assert foreign.status_code == absent.status_code == 404
    assert without_token(foreign.content) == without_token(absent.content)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in POSTS.items() for name in names])
def test_action_is_refused_to_viewers_strangers_and_by_get(
    kind: str, name: str, vera: Membership, carla: Membership, ana: Membership, login: Login, things: dict[str, Any]
) -> None:
    address = reverse(f"leads:{name}", args=[things[kind].pk])
    assert login(vera).post(address).status_code == 403
    assert login(carla).post(address).status_code == 404
    assert Client().post(address).status_code == 302
    if name not in ("contact-edit", "list-rename", "import-mapping"):
        assert login(ana).get(address).status_code == 405
    with activate_organization(ana.organization_id):
        assert Contact.objects.get().opted_out_at is None
        assert ContactList.objects.count() == 1 and Import.objects.get().state == "draft"


def test_viewer_sees_no_button_that_would_refuse(vera: Membership, login: Login, things: dict[str, Any]) -> None:
    client = login(vera)
    for address in (
        reverse("leads:list"),
        reverse("leads:lists"),
        reverse("leads:contact", args=[things["contact"].pk]),
    ):
        assert '<form class="card' not in (page := client.get(address).content.decode())
        assert 'method="post"' not in page.split("<main")[1]
