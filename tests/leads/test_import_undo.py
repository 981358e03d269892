"""Taking an import back: what it alone brought goes, what anybody has used since stays, in slices and whoever dies."""

from collections.abc import Callable

import pytest

from accounts.models import Membership, Organization
from campaigns.services.drafts import VariantDraft, create_campaign
from core.clock import now
from core.tenancy import activate_organization
from leads.jobs import work_on_import
from leads.models import Contact, ContactList, Import, ImportState, ListMembership
from leads.services import import_undo, imports
from leads.services.consent import opt_out
from tests.support.jobs import drain
from tests.support.thread import simulator

pytestmark = pytest.mark.django_db(transaction=True)
# Transactions of their own: the times that tell what an import made are those of the database.
Run = Callable[..., Import]
THREE = "nome;telefone\nAna;11999998888\nBia;11999997777\nCaio;11999996666\n"


def undo(run: Import) -> Import:
    assert imports.start_undo(run, actor=None)
    work_on_import.enqueue(organization_id=str(run.organization_id), import_id=str(run.pk))
    drain()
    run.refresh_from_db()
    return run


def test_what_the_file_brought_goes_with_its_list(import_file: Run) -> None:
    run = undo(import_file(THREE))
    assert (run.state, run.removed, run.kept) == (ImportState.UNDONE, 3, 0)
    assert not Contact.objects.exists() and not ContactList.objects.exists()
    assert not ListMembership.objects.exists()


def test_who_was_here_before_stays_and_keeps_what_the_file_changed(import_file: Run) -> None:
    before = Contact.objects.create(name="Bia", phone="+5511999997777", phone_key="+5511999997777")
    run = undo(import_file("nome;telefone;cidade\nAna;11999998888;\nBia;11999997777;Campinas\n"))
    before.refresh_from_db()
    assert (run.removed, before.city, Contact.objects.count()) == (1, "Campinas", 1)
    assert not ListMembership.objects.exists()


def test_who_asked_not_to_receive_since_is_not_forgotten(import_file: Run) -> None:
    run = import_file(THREE)
    opt_out(Contact.objects.get(name="Bia").pk, reason="pediu", at=now())
    run = undo(run)
    assert (run.removed, run.kept) == (2, 1)
    assert list(Contact.objects.values_list("name", flat=True)) == ["Bia"]


def test_a_list_that_a_campaign_uses_stays(import_file: Run) -> None:
    run = import_file(THREE)
    assert run.contact_list is not None
    create_campaign(
        name="Novembro", list_ids=[run.contact_list.pk], variants=[VariantDraft("Oi")], channel_ids=[simulator().pk]
    )
    undo(run)
    assert ContactList.objects.get().size == 0


def test_it_goes_on_in_slices_and_counts_everybody_once(import_file: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_undo, "BATCH", 2)
    run = import_file(THREE)
    assert imports.start_undo(run, actor=None)
    assert import_undo.run_undo(run.pk, seconds=-1) is True
    assert Contact.objects.count() == 1
    drain()
    work_on_import.enqueue(organization_id=str(run.organization_id), import_id=str(run.pk))
    drain()
    run.refresh_from_db()
    assert (run.state, run.removed) == (ImportState.UNDONE, 3)


def test_a_second_click_takes_nothing_back_twice(import_file: Run) -> None:
    run = import_file(THREE)
    assert imports.start_undo(run, actor=None)
    assert not imports.start_undo(run, actor=None)
    work_on_import.enqueue(organization_id=str(run.organization_id), import_id=str(run.pk))
    drain()
    assert not imports.start_undo(run, actor=None)


def test_the_import_of_another_business_is_not_touched(
    import_file: Run, in_acme: Organization, carla: Membership
) -> None:
    run = import_file(THREE)
    with activate_organization(carla.organization_id):
        Contact.objects.create(name="Delas", phone="+5511999998888", phone_key="+5511999998888")
    undo(run)
    with activate_organization(carla.organization_id):
        assert Contact.objects.get().name == "Delas"
