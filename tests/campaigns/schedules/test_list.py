"""A series is one row of the list in which its times are folded, and a page of all of them side by side."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Organization, User
from campaigns.models import Campaign, Recipient
from campaigns.queries.figures import stats
from campaigns.results.lines import results_of
from campaigns.results.several import results_of_several
from campaigns.schedules import series
from campaigns.schedules.queries import series_rows, series_view
from campaigns.schedules.starts import start_due
from campaigns.services import lifecycle
from core.tenancy import activate_organization
from leads.models import BulkAction
from sdr.models import ModelCall
from tests.campaigns.results.conftest import AFTERNOON, MORNING, World, book_for, world
from tests.support.jobs import drain

__all__ = ["book_for", "world"]

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
SATURDAY = datetime(2026, 11, 21, 15, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DAILY = {"unit": "day", "at": "09:00", "first_on": "2026-11-23"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(SATURDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def pattern(in_acme: Organization, make_campaign: Any, clock: Any) -> Campaign:
    """A series with six times: of the first five everybody got the message, and some answered."""
    campaign = series.repeat(make_campaign(4, name="Lembrete"), DAILY)
    for number in range(6):
        clock.move_to(MONDAY + number * DAY)
        start_due()
    for number, run in enumerate(campaign.runs.order_by("start_at")[:5]):
        rows = Recipient.objects.filter(campaign=run)
        rows.update(state="delivered", sent_at=run.start_at, channel=campaign.channels.get())
        rows.filter(position__lte=number % 3).update(state="read", replied_at=run.start_at + timedelta(hours=1))
        rows.filter(position=4).update(state="failed", error_code="no_answer")
    return campaign


def test_a_series_is_one_row_with_its_last_times(bruno: Membership, login: Login, pattern: Campaign) -> None:
    answer = login(bruno).get("/campanhas/")
    page = answer.content.decode()
    runs = list(pattern.runs.order_by("-start_at"))
    assert [one[0].pk for one in answer.context["items"]] == [pattern.pk]
    assert [f"/campanhas/{run.pk}/" in page for run in runs] == [True] * 4 + [False] * 2
    for words in (
        "Todo dia às 9h",
        "<b>6</b> envios até agora",
        "<b>15</b> mensagens enviadas",
        "Próximo envio amanhã às 9h",
    ):
        assert words in page
    assert f"/campanhas/{pattern.pk}/envios/" in page


def test_pages_of_the_list_count_series_once(
    bruno: Membership, login: Login, pattern: Campaign, make_campaign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.views.report.PAGE", 2)
    others = [make_campaign(lists=[pattern.lists.get()], name=f"Avulsa {number}") for number in range(3)]
    client, seen, query = login(bruno), [], ""
    for _page in range(3):
        answer = client.get(f"/campanhas/{query}")
        seen += [one[0].pk for one in answer.context["items"]]
        if not answer.context["next_cursor"]:
            break
        query = f"?cursor={answer.context['next_cursor']}"
    assert sorted(seen) == sorted([pattern.pk, *(one.pk for one in others)])
    assert client.get("/campanhas/?selecionar=1").context["matching"] == 4


def test_a_time_whose_series_was_deleted_stands_by_itself(bruno: Membership, login: Login, pattern: Campaign) -> None:
    lifecycle.delete(lifecycle.cancel(Campaign.objects.get(pk=pattern.pk)))
    assert len(login(bruno).get("/campanhas/").context["items"]) == 6


def test_a_series_is_archived_with_its_times_and_comes_back_with_them(
    bruno: Membership, login: Login, pattern: Campaign
) -> None:
    client = login(bruno)
    lifecycle.cancel(Campaign.objects.get(pk=pattern.pk))
    lifecycle.cancel(pattern.runs.latest("start_at"))
    pattern.runs.exclude(state="cancelled").update(state="completed")
    client.post(f"/campanhas/{pattern.pk}/arquivar/")
    assert client.get("/campanhas/").context["items"] == []
    archived = client.get("/campanhas/?arquivo=1").context["items"]
    assert [(one[0].pk, one[3].times) for one in archived] == [(pattern.pk, 6)]
    assert not Campaign.objects.filter(archived_at=None).exists()
    client.post(f"/campanhas/{pattern.pk}/arquivar/")
    assert Campaign.objects.filter(archived_at=None).count() == 7


def test_a_series_that_came_to_its_end_can_be_archived(bruno: Membership, login: Login, pattern: Campaign) -> None:
    Campaign.objects.filter(pk=pattern.pk).update(state="completed", start_at=None)
    login(bruno).post(f"/campanhas/{pattern.pk}/arquivar/")
    pattern.refresh_from_db()
    assert pattern.archived_at is not None


def test_one_thing_done_to_all_of_the_list_is_for_the_times_at_work_too(
    ana: Membership, login: Login, pattern: Campaign, django_capture_on_commit_callbacks: Any
) -> None:
    pattern.runs.exclude(start_at=MONDAY + 5 * DAY).update(state="completed")
    with django_capture_on_commit_callbacks(execute=True):
        login(ana).post("/campanhas/selecionadas/", {"all": "1", "action": "pause"})
    drain()
    assert BulkAction.objects.get().total == 2
    pattern.refresh_from_db()
    assert (pattern.state, pattern.runs.latest("start_at").state) == ("paused", "paused")
    assert pattern.runs.filter(state="completed").count() == 5


def test_the_page_of_all_times_adds_up_to_their_reports(
    bruno: Membership, login: Login, pattern: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.schedules.views.PAGE", 4)
    client = login(bruno)
    first = client.get(f"/campanhas/{pattern.pk}/envios/")
    second = client.get(f"/campanhas/{pattern.pk}/envios/?cursor={first.context['next_cursor']}")
    assert (len(first.context["rows"]), len(second.context["rows"])) == (4, 2)
    rows = [*first.context["rows"], *second.context["rows"]]
    for past, line in rows:
        report = stats(past.row.run)
        assert (line.people.sent, line.people.delivered, line.people.read, line.people.replied) == (
            report.sent, report.delivered, report.read, report.replied,
        )  # fmt: skip
    whole = first.context["whole"].people
    for name in ("sent", "delivered", "read", "replied", "failed"):
        assert getattr(whole, name) == sum(getattr(line.people, name) for _past, line in rows)
    assert (whole.sent, whole.replied, whole.failed) == (15, 4, 5)
    row, view = series_rows([pattern])[pattern.pk], series_view(pattern)
    assert view is not None
    assert (row.sent, row.replied) == (view.sent, view.replied) == (15, 4)


def test_the_page_of_all_times_says_what_became_of_those_that_did_not_send(
    bruno: Membership, login: Login, pattern: Campaign
) -> None:
    client = login(bruno)
    client.post(f"/campanhas/{pattern.pk}/envios/pular/", {"day": "2026-11-29", "action": "skip"})
    page = client.get(f"/campanhas/{pattern.pk}/envios/").content.decode()
    assert "Pulado" in page
    assert "6 envios até agora." in page


def test_several_wholes_are_those_of_each_report_to_the_cent(world: World, make_campaign: Any, book_for: Any) -> None:
    """With money: fractions of a cent of each report are rounded as there, and their sum is that of what is shown."""
    second: Campaign = lifecycle.start(make_campaign(2, lists=[world.campaign.lists.get()], channels=world.channels))
    later = MORNING + 10 * DAY
    Recipient.objects.filter(campaign=second).update(state="delivered", sent_at=later, channel=world.channels[1])
    Campaign.objects.filter(pk=second.pk).update(started_at=later - DAY)
    second.refresh_from_db()
    for number, cents in ((0, 18_001), (3, 5_003)):
        world.pay(number, AFTERNOON + DAY, cents)
        world.think(number, AFTERNOON + DAY, 3_333)
    world.qualify(0, MORNING + DAY)
    book_for(1, MORNING + DAY)
    world.pay(1, later + DAY, 700)
    world.think(1, later + DAY, 6_666)
    found = results_of_several([world.campaign, second])
    for campaign in (world.campaign, second):
        whole = results_of(campaign).whole
        line = found.lines[campaign.pk]
        assert (line.people, line.fee_cents, line.ai_cents, line.revenue_cents) == (
            whole.people, whole.fee_cents, whole.ai_cents, whole.revenue_cents,
        )  # fmt: skip
    assert found.whole.revenue_cents == 18_001 + 5_003 + 700
    assert ModelCall.objects.count() == 3


def test_the_page_of_all_times_asks_the_same_however_many_there_are(
    bruno: Membership, login: Login, pattern: Campaign, django_assert_max_num_queries: Any
) -> None:
    client = login(bruno)
    client.get(f"/campanhas/{pattern.pk}/envios/")
    with django_assert_max_num_queries(24):
        client.get(f"/campanhas/{pattern.pk}/envios/")


# ---- One time left out by its page


def test_the_next_time_is_left_out_and_taken_back_by_the_page(
    bruno: Membership, login: Login, pattern: Campaign
) -> None:
    client, address = login(bruno), f"/campanhas/{pattern.pk}/"
    assert 'name="day" value="2026-11-29"' in client.get(address).content.decode()
    client.post(f"{address}envios/pular/", {"day": "2026-11-29", "action": "skip"})
    client.post(f"{address}envios/pular/", {"day": "2026-11-29", "action": "skip"})
    pattern.refresh_from_db()
    assert pattern.start_at == MONDAY + 7 * DAY
    page = client.get(address).content.decode()
    assert "Enviar, afinal" in page
    client.post(f"{address}envios/pular/", {"day": "2026-11-29", "action": "restore"})
    pattern.refresh_from_db()
    assert pattern.start_at == MONDAY + 6 * DAY


@pytest.mark.parametrize("day", ["", "ontem", "2026-13-01", "2026-12-24"])
def test_a_day_that_is_not_the_next_is_left_alone(bruno: Membership, login: Login, pattern: Campaign, day: str) -> None:
    login(bruno).post(f"/campanhas/{pattern.pk}/envios/pular/", {"day": day, "action": "skip"})
    pattern.refresh_from_db()
    assert pattern.start_at == MONDAY + 6 * DAY


def test_another_rule_forgets_what_was_left_out(pattern: Campaign, bruno: Membership, login: Login) -> None:
    login(bruno).post(f"/campanhas/{pattern.pk}/envios/pular/", {"day": "2026-11-29", "action": "skip"})
    same = series.repeat(Campaign.objects.get(pk=pattern.pk), DAILY)
    assert same.start_at == MONDAY + 7 * DAY
    other = series.repeat(Campaign.objects.get(pk=pattern.pk), DAILY | {"at": "15:00"})
    assert other.start_at == MONDAY + 6 * DAY + timedelta(hours=6)


def test_who_only_looks_and_strangers(vera: Membership, carla: Membership, login: Login, pattern: Campaign) -> None:
    viewer, stranger = login(vera), login(carla)
    assert viewer.get(f"/campanhas/{pattern.pk}/envios/").status_code == 200
    assert "Pular este" not in viewer.get(f"/campanhas/{pattern.pk}/").content.decode()
    body = {"day": "2026-11-29", "action": "skip"}
    assert viewer.post(f"/campanhas/{pattern.pk}/envios/pular/", body).status_code == 403
    assert stranger.get(f"/campanhas/{pattern.pk}/envios/").status_code == 404
    assert stranger.post(f"/campanhas/{pattern.pk}/envios/pular/", body).status_code == 404
    assert viewer.get(f"/campanhas/{pattern.runs.latest('start_at').pk}/envios/").status_code == 404
    with activate_organization(carla.organization_id):
        assert series_rows([pattern]) == {}
