"""One thing done to all that match: exactly those, once, with a way back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection

from accounts.models import AuditEntry, Membership, Organization
from core.clock import now
from core.tenancy import activate_organization
from leads.bulk import contacts as kinds
from leads.bulk import running
from leads.bulk.running import BulkError, begin, counts, resume_stalled_bulks, run_bulk, stop, undo
from leads.models import BulkAction, BulkState, Contact, ContactList, ListMembership
from leads.queries import contacts
from leads.services.lists import create_list
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
CHANGE = "/leads/selecionados/"


@pytest.fixture
def people(in_acme: Organization) -> list[Contact]:
    rows = [Contact(organization=in_acme, name=f"Pessoa {n:02d}", phone=f"+5511988{n:06d}") for n in range(12)]
    Contact.objects.bulk_create(rows)
    return rows


@pytest.fixture(autouse=True)
def _small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PORTION", 5)


def tag_all(actor: Membership, tag: str = "vip") -> BulkAction:
    return begin(kinds.TAG, contacts(), parameters={"tag": tag}, filters="", actor=actor)


def tagged(tag: str = "vip") -> int:
    return int(Contact.objects.filter(tags__contains=[tag]).count())


def fresh(bulk: BulkAction) -> BulkAction:
    return BulkAction.objects.get(pk=bulk.pk)


def test_everybody_who_matched_is_changed_and_nobody_else(people: list[Contact], ana: Membership) -> None:
    bulk = tag_all(ana)
    late = Contact.objects.create(name="Depois", phone="+5511977000000")
    drain()
    late.refresh_from_db()
    assert (tagged(), late.tags) == (12, [])
    assert (fresh(bulk).state, fresh(bulk).total) == (BulkState.DONE, 12)
    assert AuditEntry.objects.get(action="bulk.begun").data["count"] == 12


def test_who_had_it_already_is_counted_apart_and_keeps_it_when_undone(people: list[Contact], ana: Membership) -> None:
    Contact.objects.filter(pk__in=[one.pk for one in people[:3]]).update(tags=["vip"])
    bulk = tag_all(ana)
    drain()
    assert (counts(bulk)["changed"], counts(bulk)["same"]) == (9, 3)
    undo(fresh(bulk), actor=ana)
    drain()
    assert tagged() == 3
    assert (counts(bulk)["undone"], fresh(bulk).state) == (9, BulkState.UNDONE)


def test_what_somebody_changed_since_is_left_alone_by_the_undoing(people: list[Contact], ana: Membership) -> None:
    bulk = tag_all(ana)
    drain()
    Contact.objects.filter(pk=people[0].pk).update(tags=["outra"])
    undo(fresh(bulk), actor=ana)
    drain()
    assert Contact.objects.get(pk=people[0].pk).tags == ["outra"]
    assert (counts(bulk)["undone"], counts(bulk)["kept"]) == (11, 1)


def test_it_is_undone_once_and_within_a_day(people: list[Contact], ana: Membership) -> None:
    bulk = tag_all(ana)
    with pytest.raises(BulkError):
        undo(bulk, actor=ana)
    drain()
    BulkAction.objects.update(finished_at=now() - timedelta(hours=25))
    with pytest.raises(BulkError):
        undo(fresh(bulk), actor=ana)
    BulkAction.objects.update(finished_at=now())
    undo(fresh(bulk), actor=ana)
    with pytest.raises(BulkError):
        undo(fresh(bulk), actor=ana)


def test_a_viewer_may_begin_and_undo_nothing(people: list[Contact], ana: Membership, vera: Membership) -> None:
    with pytest.raises(BulkError):
        tag_all(vera)
    assert not BulkAction.objects.exists()
    bulk = tag_all(ana)
    drain()
    with pytest.raises(BulkError):
        undo(fresh(bulk), actor=vera)
    assert tagged() == 12


def test_nobody_who_matches_is_refused(in_acme: Organization, ana: Membership) -> None:
    with pytest.raises(BulkError):
        tag_all(ana)
    assert not BulkAction.objects.exists()


def test_erased_people_are_refused(people: list[Contact], ana: Membership) -> None:
    bulk = tag_all(ana)
    Contact.objects.filter(pk=people[0].pk).update(anonymised_at=now())
    drain()
    assert (counts(bulk)["changed"], counts(bulk)["refused"]) == (11, 1)


def test_a_list_gets_everybody_and_gives_them_back_as_they_were(people: list[Contact], ana: Membership) -> None:
    target = create_list("Novembro", actor=ana)
    ListMembership.objects.create(contact_list=target, contact=people[0], status=0, row_number=7)
    bulk = begin(kinds.PUT, contacts(), parameters={"list": str(target.pk)}, filters="", actor=ana)
    drain()
    target.refresh_from_db()
    assert (target.size, counts(bulk)["changed"], counts(bulk)["same"]) == (12, 11, 1)
    undo(fresh(bulk), actor=ana)
    drain()
    target.refresh_from_db()
    assert target.size == 1
    place = ListMembership.objects.get()
    assert (place.contact_id, place.status, place.row_number) == (people[0].pk, 0, 7)


def test_places_that_were_taken_come_back_with_status_and_row(people: list[Contact], ana: Membership) -> None:
    target = create_list("Novembro", actor=ana)
    ListMembership.objects.create(contact_list=target, contact=people[0], status=0, row_number=7)
    bulk = begin(kinds.TAKE, contacts(list_id=target.pk), parameters={"list": str(target.pk)}, filters="", actor=ana)
    drain()
    assert not ListMembership.objects.exists()
    undo(fresh(bulk), actor=ana)
    drain()
    assert ListMembership.objects.values_list("status", "row_number").get() == (0, 7)


def test_a_list_that_was_deleted_meanwhile_refuses_all(people: list[Contact], ana: Membership) -> None:
    target = create_list("Novembro", actor=ana)
    bulk = begin(kinds.PUT, contacts(), parameters={"list": str(target.pk)}, filters="", actor=ana)
    ContactList.objects.all().delete()
    drain()
    assert counts(bulk)["refused"] == 12


def test_a_lost_bell_is_rung_again(people: list[Contact], ana: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(running, "_ring", lambda _bulk: None)
        bulk = tag_all(ana)
    drain()
    assert tagged() == 0
    BulkAction.objects.update(worked_at=now() - timedelta(minutes=1))
    resume_stalled_bulks()
    drain()
    assert (tagged(), fresh(bulk).state) == (12, BulkState.DONE)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_change_everybody_exactly_once(people: list[Contact], ana: Membership) -> None:
    bulk = tag_all(ana)
    start = threading.Barrier(3)

    def work(_worker: int) -> None:
        try:
            start.wait()
            run_bulk(organization_id=str(ana.organization_id), bulk_id=str(bulk.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert {tuple(one.tags) for one in Contact.objects.all()} == {("vip",)}
    assert (counts(bulk)["changed"], fresh(bulk).state) == (12, BulkState.DONE)


def test_the_page_does_it_to_all_that_match(people: list[Contact], bruno: Membership, login: Any) -> None:
    Contact.objects.filter(pk__in=[one.pk for one in people[:10]]).update(tags=["antiga"])
    client = login(bruno)
    form = {"all": "1", "filters": "etiqueta=antiga", "action": "tag", "tag": "vip", "next": "/leads/"}
    answer = client.post(CHANGE, form)
    with activate_organization(bruno.organization_id):
        bulk = BulkAction.objects.get()
        assert answer.url == f"/leads/acoes/{bulk.pk}/"
        drain()
        assert tagged() == 10
    html = client.get(answer.url).content.decode()
    assert "10 de 10" in html
    client.post(f"{answer.url}desfazer/")
    with activate_organization(bruno.organization_id):
        drain()
        assert tagged() == 0


def test_no_filter_is_lost_behind_a_long_search(people: list[Contact], bruno: Membership, login: Any) -> None:
    filters = urlencode({"q": "ã" * 95, "temperatura": "quente"})
    assert len(filters) > 500
    Contact.objects.update(search="a" * 95)
    login(bruno).post(CHANGE, {"all": "1", "action": "tag", "tag": "vip", "filters": filters})
    with activate_organization(bruno.organization_id):
        drain()
        assert tagged() == 0


def test_a_tag_is_taken_from_the_ticked_ones(people: list[Contact], bruno: Membership, login: Any) -> None:
    Contact.objects.update(tags=["vip", "outra"])
    login(bruno).post(CHANGE, {"contact": [str(people[0].pk)], "action": "untag", "tag": "vip"})
    with activate_organization(bruno.organization_id):
        drain()
        assert tagged() == 11
        assert Contact.objects.get(pk=people[0].pk).tags == ["outra"]


def test_the_page_refuses_viewers_and_others(
    people: list[Contact], ana: Membership, vera: Membership, carla: Membership, login: Any
) -> None:
    bulk = tag_all(ana)
    page = f"/leads/acoes/{bulk.pk}/"
    assert login(vera).post(CHANGE, {"all": "1", "action": "tag", "tag": "x"}).status_code == 403
    assert login(vera).post(f"{page}desfazer/").status_code == 403
    assert login(carla).get(page).status_code == 404
    assert login(carla).post(f"{page}desfazer/").status_code == 404


def test_what_still_waits_is_left_when_somebody_stops_it_and_the_rest_can_be_undone(
    people: list[Contact], ana: Membership
) -> None:
    bulk = tag_all(ana)
    with activate_organization(ana.organization_id):
        assert running._portion(bulk.pk)
    stop(bulk, actor=ana)
    drain()
    found = counts(bulk)
    assert (found["changed"], found["stopped"], found["waiting"], tagged()) == (5, 7, 0, 5)
    assert fresh(bulk).state == BulkState.DONE
    assert AuditEntry.objects.get(action="bulk.stopped").data["count"] == 7
    undo(fresh(bulk), actor=ana)
    drain()
    assert tagged() == 0 and counts(bulk)["stopped"] == 7


def test_what_is_over_cannot_be_stopped(people: list[Contact], ana: Membership) -> None:
    bulk = tag_all(ana)
    drain()
    with pytest.raises(BulkError):
        stop(bulk, actor=ana)
    assert tagged() == 12


def test_the_page_stops_it(people: list[Contact], bruno: Membership, vera: Membership, login: Any) -> None:
    bulk = tag_all(bruno)
    running._portion(bulk.pk)
    client, address = login(bruno), f"/leads/acoes/{bulk.pk}/"
    assert f"{address}parar/" in client.get(address).content.decode()
    assert f"{address}parar/" not in login(vera).get(address).content.decode()
    assert login(vera).post(f"{address}parar/").status_code == 403
    page = client.post(f"{address}parar/", follow=True).content.decode()
    assert "Parada" in page and "5 de 12" in page and f"{address}desfazer/" in page
    assert "Já terminou" in client.post(f"{address}parar/", follow=True).content.decode()
