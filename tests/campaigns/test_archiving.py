"""Campaigns leave the list and come back, one by one or many at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Membership, Organization
from campaigns.errors import CampaignStateError
from campaigns.models import Campaign, CampaignState
from campaigns.sender.claims import give_back
from campaigns.services import lifecycle
from campaigns.services.archiving import archive, unarchive
from core.clock import now
from core.tenancy import activate_organization
from leads.bulk.running import counts
from leads.models import BulkAction
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
LIST = "/campanhas/"


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def test_what_is_over_leaves_the_list_and_comes_back(
    in_acme: Organization, make_campaign: Any, bruno: Membership, login: Any
) -> None:
    campaign = make_campaign(name="Outubro")
    client = login(bruno)
    client.post(f"{LIST}{campaign.pk}/arquivar/")
    assert "Outubro" not in client.get(LIST).content.decode()
    assert "Outubro" in client.get(f"{LIST}?arquivo=1").content.decode()
    assert client.get(f"{LIST}{campaign.pk}/").status_code == 200
    client.post(f"{LIST}{campaign.pk}/arquivar/")
    assert "Outubro" in client.get(LIST).content.decode()


def test_what_is_at_work_is_not_archived(in_acme: Organization, make_campaign: Any) -> None:
    running = lifecycle.start(make_campaign())
    with pytest.raises(CampaignStateError):
        archive(running)
    lifecycle.pause(running)
    assert archive(running).archived_at is not None
    assert unarchive(running).archived_at is None


def test_all_of_the_list_are_archived_but_those_at_work(
    in_acme: Organization, make_campaign: Any, make_list: Any, bruno: Membership, login: Any
) -> None:
    drafts = [make_campaign(lists=[make_list(1, first=n * 10)], name=f"Rascunho {n}") for n in range(3)]
    running = lifecycle.start(make_campaign(lists=[make_list(1, first=90)]))
    answer = login(bruno).post(f"{LIST}selecionadas/", {"all": "1", "action": "archive"})
    drain()
    bulk = BulkAction.objects.get()
    assert answer.url == f"/leads/acoes/{bulk.pk}/"
    assert (counts(bulk)["changed"], counts(bulk)["refused"]) == (3, 1)
    assert fresh(running).archived_at is None
    login(bruno).post(f"{answer.url}desfazer/")
    drain()
    assert all(fresh(one).archived_at is None for one in drafts)


def test_ticked_ones_are_paused_and_the_undoing_resumes_only_them(
    in_acme: Organization, make_campaign: Any, make_list: Any, bruno: Membership, login: Any
) -> None:
    one, other, paused = (
        lifecycle.start(make_campaign(lists=[make_list(2, first=n * 10)], name=f"Campanha {n}")) for n in range(3)
    )
    lifecycle.pause(paused)
    chosen = [str(one.pk), str(paused.pk)]
    answer = login(bruno).post(f"{LIST}selecionadas/", {"campaign": chosen, "action": "pause"})
    drain()
    assert [fresh(row).state for row in (one, other, paused)] == ["paused", "running", "paused"]
    login(bruno).post(f"{answer.url}desfazer/")
    drain()
    assert [fresh(row).state for row in (one, other, paused)] == ["running", "running", "paused"]


def test_others_and_viewers_change_nothing(
    in_acme: Organization, make_campaign: Any, vera: Membership, carla: Membership, login: Any
) -> None:
    campaign = make_campaign()
    form = {"campaign": [str(campaign.pk)], "action": "archive"}
    assert login(vera).post(f"{LIST}selecionadas/", form).status_code == 403
    assert login(vera).post(f"{LIST}{campaign.pk}/arquivar/").status_code == 403
    assert login(carla).post(f"{LIST}{campaign.pk}/arquivar/").status_code == 404
    login(carla).post(f"{LIST}selecionadas/", form)
    assert fresh(campaign).archived_at is None
    with activate_organization(carla.organization_id):
        assert not BulkAction.objects.exists()


def test_selecting_shows_a_box_for_each(
    in_acme: Organization, make_campaign: Any, bruno: Membership, login: Any
) -> None:
    campaign = make_campaign()
    html = login(bruno).get(f"{LIST}?selecionar=1").content.decode()
    assert f'value="{campaign.pk}"' in html
    assert Campaign.objects.get().state == CampaignState.DRAFT


def test_an_empty_list_tells_of_the_archive(
    in_acme: Organization, make_campaign: Any, bruno: Membership, login: Any
) -> None:
    client = login(bruno)
    assert "Nenhuma campanha ainda" in client.get(LIST).content.decode()
    archive(make_campaign())
    page = client.get(LIST).content.decode()
    assert "1 campanha está no arquivo." in page and "Nenhuma campanha ainda" not in page


def test_nothing_ticked_is_asked_for_without_leaving_the_boxes(
    in_acme: Organization, make_campaign: Any, bruno: Membership, vera: Membership, login: Any
) -> None:
    make_campaign()
    page = login(bruno).post(f"{LIST}selecionadas/", {"action": "archive"}, follow=True).content.decode()
    assert "Marque as campanhas primeiro." in page and 'name="campaign"' in page
    assert 'name="campaign"' not in login(vera).get(f"{LIST}?selecionar=1").content.decode()


def test_what_an_undoing_would_resume_stays_paused_where_it_paused_by_itself_meanwhile(
    in_acme: Organization, make_campaign: Any, make_list: Any, bruno: Membership, login: Any
) -> None:
    campaign = lifecycle.start(make_campaign())
    answer = login(bruno).post(f"{LIST}selecionadas/", {"campaign": [str(campaign.pk)], "action": "pause"})
    drain()
    lifecycle.resume(campaign)
    assert lifecycle.pause_by_system(campaign.pk, "plan:daily_limit")
    login(bruno).post(f"{answer.url}desfazer/")
    drain()
    assert (fresh(campaign).state, fresh(campaign).pause_reason) == ("paused", "plan:daily_limit")
    assert counts(BulkAction.objects.get())["kept"] == 1


def test_one_that_is_refused_for_what_it_lacks_holds_up_no_other(
    in_acme: Organization, make_campaign: Any, make_list: Any, bruno: Membership, login: Any
) -> None:
    whole = lifecycle.start(make_campaign(lists=[make_list(2)], name="Inteira"))
    lifecycle.pause(whole)
    empty = make_campaign(lists=[make_list(1, first=50)], start_at=now() + timedelta(hours=1), name="Vazia")
    lifecycle.pause_by_system(empty.pk, "late_start")
    empty.lists.get().memberships.all().delete()
    login(bruno).post(f"{LIST}selecionadas/", {"campaign": [str(whole.pk), str(empty.pk)], "action": "resume"})
    drain()
    assert (fresh(whole).state, fresh(empty).state) == ("running", "paused")
    assert counts(BulkAction.objects.get()) == counts(BulkAction.objects.get()) | {"changed": 1, "refused": 1}


def resumed(campaign: Campaign) -> None:
    lifecycle.pause(campaign)
    archive(campaign)
    lifecycle.resume(campaign)


def retried(campaign: Campaign) -> None:
    campaign.recipients.update(state="failed", error_code="400")
    assert lifecycle.complete_if_done(campaign.pk)
    archive(campaign)
    assert lifecycle.retry_failed(campaign) == 3


def given_back(campaign: Campaign) -> None:
    campaign.recipients.update(state="sent")
    token = uuid4()
    campaign.recipients.filter(position=1).update(state="unknown", claim_token=token)
    assert lifecycle.complete_if_done(campaign.pk)
    archive(campaign)
    assert give_back(token) == 1


@pytest.mark.parametrize("begins_again", [resumed, retried, given_back])
def test_what_sends_again_stands_on_the_list_again(
    in_acme: Organization, make_campaign: Any, begins_again: Callable[[Campaign], None]
) -> None:
    campaign = lifecycle.start(make_campaign())
    begins_again(campaign)
    assert (fresh(campaign).state, fresh(campaign).archived_at) == ("running", None)


def test_a_draft_that_is_scheduled_stands_on_the_list_again(in_acme: Organization, make_campaign: Any) -> None:
    campaign = archive(make_campaign())
    lifecycle.schedule(campaign, now() + timedelta(hours=1))
    assert fresh(campaign).archived_at is None


def test_the_page_of_an_action_on_campaigns_belongs_to_campaigns(
    in_acme: Organization, make_campaign: Any, bruno: Membership, login: Any
) -> None:
    make_campaign()
    client = login(bruno)
    page = client.post(f"{LIST}selecionadas/", {"action": "archive", "all": "1"}, follow=True).content.decode()
    assert '<a href="/campanhas/" aria-current="page">' in page and page.count('aria-current="page"') == 1
