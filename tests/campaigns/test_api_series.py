"""Series and sequences by the API: what the wizard can say programs can, and what is wrong is said in words."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Membership, Organization, Role
from bookings.models import DayRule
from campaigns.models import Campaign, Occurrence, Recipient, Step
from campaigns.schedules.starts import start_due
from campaigns.services import lifecycle
from core.tenancy import activate_organization
from tests.campaigns.test_api import caller

pytestmark = pytest.mark.django_db
Call = Callable[..., Any]
SATURDAY = datetime(2026, 11, 21, 15, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = timedelta(weeks=1)
WEEKLY = {"unit": "week", "weekdays": [0], "at": "09:00", "first_on": "2026-11-23", "holidays": "skip"}
STEPS = [{"wait": 2, "texts": ["Lembra, {nome}?", "Viu?"]}, {"wait": 5, "unit": "hours", "texts": ["Última."]}]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(SATURDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def api(in_acme: Organization, clock: Any) -> Call:
    return caller(Role.AGENT)


@pytest.fixture
def order(in_acme: Organization, make_list: Any, make_channel: Any) -> dict[str, Any]:
    return {
        "name": "Lembrete", "list_ids": [str(make_list(3).pk)], "channel_ids": [str(make_channel().pk)],
        "variants": [{"body": "Oi, {nome}!", "weight": 2}, {"body": "Olá, {nome}!"}],
    }  # fmt: skip


@pytest.fixture
def weekly(api: Call, order: dict[str, Any]) -> str:
    """The path of a series every Monday at nine."""
    return f"/campaigns/{api('post', '/campaigns', order | {'recurrence': WEEKLY}).json()['id']}"


def run_due(clock: Any, at: datetime) -> None:
    clock.move_to(at)
    start_due()


# ---- A series


def test_a_series_is_made_and_told_in_words(api: Call, order: dict[str, Any]) -> None:
    answer = api("post", "/campaigns", order | {"recurrence": WEEKLY, "late_hours": 8, "skips_holidays": True})
    made = answer.json()
    assert (answer.status_code, made["state"], made["repeats"], made["start_at"]) == (
        201, "scheduled", True, "2026-11-23T12:00:00Z",
    )  # fmt: skip
    assert made["recurrence"] == {
        "words": "toda segunda às 9h", "unit": "week", "interval": 1, "weekdays": [0], "month_day": None, "at": "09:00",
        "first_on": "2026-11-23", "until": None, "count": None, "holidays": "skip",
    }  # fmt: skip
    assert (made["late_hours"], made["skips_holidays"], made["steps"]) == (8, True, [])
    assert api("get", f"/campaigns/{made['id']}").json() == made
    assert api("get", "/campaigns").json()["items"][0]["repeats"] is True


@pytest.mark.parametrize(
    ("rule", "words", "first"),
    [
        ({"unit": "day", "at": "08:30"}, "todo dia às 8h30", "2026-11-22"),
        ({"unit": "day", "interval": 3, "at": "09:00", "first_on": "2026-12-01"}, "a cada 3 dias às 9h", "2026-12-01"),
        ({"unit": "month", "month_day": 31, "at": "10:00"}, "todo dia 31 às 10h", "2026-11-30"),
        ({"unit": "week", "weekdays": [2, 0], "interval": 2, "at": "09:00"}, "a cada 2 semanas, seg e qua, às 9h", "2026-11-30"),
    ],
    ids=["daily", "some-days", "monthly", "some-weeks"],
)  # fmt: skip
def test_every_kind_of_rule_of_the_wizard_is_taken(
    api: Call, order: dict[str, Any], rule: dict[str, Any], words: str, first: str
) -> None:
    made = api("post", "/campaigns", order | {"recurrence": rule | {"holidays": "send"}}).json()
    assert made["recurrence"]["words"] == words
    assert made["start_at"].startswith(first)


def test_its_times_are_told_with_what_became_of_them(api: Call, weekly: str, clock: Any) -> None:
    DayRule.objects.create(day=(MONDAY + WEEK).date(), name="Reforma")
    run_due(clock, MONDAY)
    told = api("get", f"{weekly}/occurrences").json()
    run = Campaign.objects.get(repeats=False)
    assert [(one["planned_on"], one["outcome"], one["campaign_id"]) for one in told["items"]] == [
        ("2026-11-23", "made", str(run.pk)),
    ]  # fmt: skip
    assert [(one["planned_on"], one["at"] is None, one["holiday"]) for one in told["coming"]][:2] == [
        ("2026-11-30", True, "Reforma"), ("2026-12-07", False, ""),
    ]  # fmt: skip
    series_id = weekly.rsplit("/", 1)[1]
    assert [row["id"] for row in api("get", f"/campaigns?series_id={series_id}").json()["items"]] == [str(run.pk)]
    assert api("get", f"/campaigns/{run.pk}").json()["series_id"] == series_id
    assert api("get", f"/campaigns/{run.pk}/occurrences").status_code == 404


def test_a_series_is_held_goes_on_and_ends(api: Call, weekly: str, clock: Any) -> None:
    for action, state in (("pause", "paused"), ("resume", "scheduled"), ("cancel", "cancelled")):
        assert api("post", f"{weekly}/{action}").json()["state"] == state
    assert api("post", f"{weekly}/resume").status_code == 409
    run_due(clock, MONDAY)
    assert not Occurrence.objects.exists()


def test_one_time_that_was_made_is_stopped_alone(api: Call, weekly: str, clock: Any) -> None:
    run_due(clock, MONDAY)
    run = Campaign.objects.get(repeats=False)
    assert api("post", f"/campaigns/{run.pk}/cancel").json()["state"] == "cancelled"
    assert api("get", weekly).json()["state"] == "scheduled"


def test_the_next_time_is_left_out_and_comes_after_all(api: Call, weekly: str, clock: Any) -> None:
    path = f"{weekly}/occurrences"
    assert api("post", f"{path}/skip", {"planned_on": "2026-11-23"}).json()["start_at"].startswith("2026-11-30")
    assert api("post", f"{path}/skip", {"planned_on": "2026-11-23"}).status_code == 409, (
        "a second click skips nothing more"
    )
    assert api("post", f"{path}/skip", {"planned_on": "2026-12-14"}).status_code == 409
    assert [one["outcome"] for one in api("get", path).json()["items"]] == ["skipped"]
    assert api("post", f"{path}/restore", {"planned_on": "2026-11-23"}).json()["start_at"].startswith("2026-11-23")
    assert api("post", f"{path}/restore", {"planned_on": "2026-11-23"}).status_code == 409
    api("post", f"{path}/skip", {"planned_on": "2026-11-23"})
    run_due(clock, MONDAY)
    assert not Campaign.objects.filter(repeats=False).exists()
    assert api("post", f"{path}/restore", {"planned_on": "2026-11-23"}).status_code == 409, "its time has passed"
    run_due(clock, MONDAY + WEEK)
    assert [row.outcome for row in Occurrence.objects.order_by("planned_on")] == ["skipped", "made"]


def test_a_time_left_out_by_hand_does_not_count_as_one(api: Call, order: dict[str, Any], clock: Any) -> None:
    made = api("post", "/campaigns", order | {"recurrence": WEEKLY | {"count": 2}}).json()
    api("post", f"/campaigns/{made['id']}/occurrences/skip", {"planned_on": "2026-11-23"})
    for number in range(4):
        run_due(clock, MONDAY + number * WEEK)
    assert Campaign.objects.filter(repeats=False).count() == 2


def test_the_last_time_is_not_left_out_but_the_series_ended(api: Call, order: dict[str, Any]) -> None:
    made = api("post", "/campaigns", order | {"recurrence": WEEKLY | {"until": "2026-11-25"}}).json()
    answer = api("post", f"/campaigns/{made['id']}/occurrences/skip", {"planned_on": "2026-11-23"})
    assert answer.status_code == 422
    assert not Occurrence.objects.exists()


# ---- Changes


def test_a_change_is_for_the_times_to_come(api: Call, weekly: str, clock: Any) -> None:
    run_due(clock, MONDAY)
    answer = api(
        "patch", weekly, {"variants": [{"body": "Nova"}], "recurrence": WEEKLY | {"weekdays": [2]}, "steps": STEPS}
    )
    changed = answer.json()
    assert (answer.status_code, changed["start_at"], changed["recurrence"]["words"]) == (
        200, "2026-11-25T12:00:00Z", "toda quarta às 9h",
    )  # fmt: skip
    assert (changed["name"], len(changed["steps"])) == ("Lembrete", 2)
    run = Campaign.objects.get(repeats=False)
    assert sorted(run.variants.values_list("body", flat=True)) == ["Oi, {nome}!", "Olá, {nome}!"]
    assert not run.steps.exists()


def test_what_is_not_named_stays(api: Call, order: dict[str, Any]) -> None:
    full = order | {
        "recurrence": WEEKLY, "steps": STEPS, "stops_on": ["closed"], "late_hours": 4, "skips_holidays": True, "priority": 50,
        "sending_hours": {"days": [0, 1], "start": "08:00", "end": "19:00"}, "audience": {"tags": ["vip"]}, "split": "auto",
    }  # fmt: skip
    path = f"/campaigns/{api('post', '/campaigns', full).json()['id']}"
    before = api("get", path).json()
    saved = Campaign.objects.values().get()
    assert api("patch", path, {}).json() == before
    assert api("patch", path, {"name": "Outro"}).json() == before | {"name": "Outro"}
    assert Campaign.objects.values().get() == saved | {"name": "Outro"}
    assert api("patch", path, {"late_hours": None}).json()["late_hours"] is None
    assert api("patch", path, {"skips_holidays": False}).json()["skips_holidays"] is False
    assert Campaign.objects.get().sending_hours == {"days": [0, 1], "start": "08:00", "end": "19:00"}
    assert api("patch", path, {"sending_hours": None, "steps": []}).json()["steps"] == []
    assert Campaign.objects.get().sending_hours == {}


def test_a_held_series_and_a_draft_stay_so(api: Call, weekly: str, order: dict[str, Any]) -> None:
    api("post", f"{weekly}/pause")
    for body in ({"name": "Outro"}, {"recurrence": WEEKLY | {"at": "10:00"}}):
        assert api("patch", weekly, body).json()["state"] == "paused"
    assert api("post", f"{weekly}/resume").json()["start_at"] == "2026-11-23T13:00:00Z"
    draft = f"/campaigns/{api('post', '/campaigns', order).json()['id']}"
    assert api("patch", draft, {"name": "Rascunho"}).json()["state"] == "draft"
    assert api("patch", draft, {"start_at": MONDAY.isoformat()}).json()["state"] == "scheduled"
    assert api("patch", draft, {"start_at": None}).json()["state"] == "draft"


def test_a_draft_of_a_series_is_started(api: Call, weekly: str) -> None:
    assert api("post", f"{weekly}/start").status_code == 409, "it waits already"
    Campaign.objects.update(state="draft", start_at=None)
    assert api("post", f"{weekly}/start").json()["state"] == "scheduled"
    assert not Recipient.objects.exists()


def test_a_series_that_has_not_sent_becomes_an_ordinary_campaign(api: Call, weekly: str, clock: Any) -> None:
    changed = api("patch", weekly, {"recurrence": None}).json()
    assert (changed["state"], changed["repeats"], changed["recurrence"]) == ("draft", False, None)
    again = api("patch", weekly, {"recurrence": WEEKLY}).json()
    assert (again["state"], again["repeats"]) == ("scheduled", True)
    run_due(clock, MONDAY)
    refused = api("patch", weekly, {"recurrence": None})
    assert refused.status_code == 422
    assert "já enviou" in refused.json()["title"]


def test_a_campaign_that_runs_takes_steps_alone(api: Call, order: dict[str, Any]) -> None:
    path = f"/campaigns/{api('post', '/campaigns', order | {'steps': STEPS}).json()['id']}"
    assert api("post", f"{path}/start").json()["state"] == "running"
    assert api("patch", path, {"name": "Outro"}).status_code == 409
    changed = api("patch", path, {"steps": STEPS[:1], "stops_on": []}).json()
    assert ([step["number"] for step in changed["steps"]], changed["stops_on"]) == ([2], [])
    lifecycle.cancel(Campaign.objects.get())
    assert api("patch", path, {"steps": STEPS}).status_code == 409


# ---- Sequences


def test_a_sequence_is_made_and_told(api: Call, order: dict[str, Any]) -> None:
    made = api("post", "/campaigns", order | {"steps": STEPS, "stops_on": ["replied", "closed"]}).json()
    assert made["steps"] == [
        {"number": 2, "wait": 2, "unit": "days", "texts": ["Lembra, {nome}?", "Viu?"]},
        {"number": 3, "wait": 5, "unit": "hours", "texts": ["Última."]},
    ]
    assert made["stops_on"] == ["replied", "closed"]
    usual = api("post", "/campaigns", order | {"steps": STEPS}).json()
    assert usual["stops_on"] == ["replied", "booked"]
    lifecycle.start(Campaign.objects.get(pk=made["id"]))
    rows = api("get", f"/campaigns/{made['id']}/recipients").json()["items"]
    assert {row["step"] for row in rows} == {1}


# ---- What is wrong


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recurrence": WEEKLY | {"weekdays": []}}, "pelo menos um dia da semana"),
        ({"recurrence": WEEKLY | {"weekdays": [7]}}, ""),
        ({"recurrence": WEEKLY | {"interval": 0}}, ""),
        ({"recurrence": WEEKLY | {"interval": 53}}, "de 1 a 52"),
        ({"recurrence": WEEKLY | {"unit": "year"}}, ""),
        ({"recurrence": WEEKLY | {"at": "25:00"}}, ""),
        ({"recurrence": WEEKLY | {"count": 501}}, ""),
        ({"recurrence": WEEKLY | {"until": "2026-11-01"}}, "vem antes do primeiro"),
        ({"recurrence": WEEKLY | {"first_on": "2026-11-02", "until": "2026-11-10"}}, "Não sobra nenhum envio"),
        ({"recurrence": WEEKLY | {"first_on": "1999-01-01"}}, "Escolha de novo"),
        ({"recurrence": WEEKLY | {"cron": "0 9 * * 1"}}, ""),
        ({"recurrence": {"unit": "month", "at": "09:00"}}, "um dia do mês, de 1 a 31"),
        ({"recurrence": "toda segunda"}, ""),
        ({"recurrence": WEEKLY, "start_at": "2026-12-01T12:00:00Z"}, "não os dois"),
        ({"late_hours": 3}, ""),
        ({"steps": [{"wait": 0, "texts": ["Oi"]}]}, ""),
        ({"steps": [{"wait": 400, "texts": ["Oi"]}]}, "A etapa 2 espera de 1 a 365"),
        ({"steps": [{"wait": 1, "unit": "weeks", "texts": ["Oi"]}]}, ""),
        ({"steps": [{"wait": 1, "texts": []}]}, ""),
        ({"steps": [{"wait": 1, "texts": ["  "]}]}, "Escreva a mensagem da etapa 2"),
        ({"steps": [{"wait": 1, "texts": ["a", "b", "c", "d", "e", "f"]}]}, ""),
        ({"steps": [{"wait": 1, "texts": ["x" * 4097]}]}, ""),
        ({"steps": [{"wait": 1, "texts": ["Oi"]}] * 10}, ""),
        ({"stops_on": ["rain"]}, ""),
        ({"skips_holidays": "perhaps"}, ""),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)  # fmt: skip
def test_what_is_wrong_is_refused_and_leaves_nothing(
    api: Call, order: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    answer = api("post", "/campaigns", order | change)
    assert answer.status_code == 422
    assert words in answer.json()["title"]
    assert not Campaign.objects.exists() and not Step.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"list_ids": []}, {"variants": []}, {"channel_ids": []}, {"name": None}, {"variants": None}, {"steps": None},
        {"stops_on": None}, {"priority": None}, {"split": None}, {"unknown": 1}, {"recurrence": WEEKLY | {"weekdays": []}},
        {"recurrence": WEEKLY, "start_at": "2026-12-01T12:00:00Z"}, {"start_at": "2026-12-01T12:00:00Z"},
        {"list_ids": ["00000000-0000-0000-0000-000000000000"]}, {"late_hours": 3},
    ],
    ids=lambda value: "-".join(value),
)  # fmt: skip
def test_a_wrong_change_changes_nothing(api: Call, weekly: str, change: dict[str, Any]) -> None:
    before = (api("get", weekly).json(), Campaign.objects.values().get())
    assert api("patch", weekly, change).status_code == 422
    assert (api("get", weekly).json(), Campaign.objects.values().get()) == before


@pytest.mark.parametrize(
    "body", [{}, {"planned_on": "ontem"}, {"planned_on": None}, {"planned_on": "2026-11-23", "x": 1}]
)
def test_a_time_is_named_by_its_day(api: Call, weekly: str, body: dict[str, Any]) -> None:
    assert api("post", f"{weekly}/occurrences/skip", body).status_code == 422
    assert api("post", f"{weekly}/occurrences/restore", body).status_code == 422


def test_a_campaign_that_does_not_repeat_has_no_times(api: Call, order: dict[str, Any]) -> None:
    path = f"/campaigns/{api('post', '/campaigns', order).json()['id']}/occurrences"
    assert api("get", path).status_code == 404
    assert api("post", f"{path}/skip", {"planned_on": "2026-11-23"}).status_code == 409


# ---- Whose it is


def test_a_series_of_others_is_not_found(api: Call, weekly: str, carla: Membership) -> None:
    with activate_organization(carla.organization_id):
        stranger = caller(Role.AGENT)
        assert stranger("get", weekly).status_code == 404
        assert stranger("patch", weekly, {"name": "Meu"}).status_code == 404
        assert stranger("get", f"{weekly}/occurrences").status_code == 404
        for action in ("skip", "restore"):
            assert stranger("post", f"{weekly}/occurrences/{action}", {"planned_on": "2026-11-23"}).status_code == 404
        assert stranger("get", f"/campaigns?series_id={weekly.rsplit('/', 1)[1]}").json()["items"] == []
    assert api("get", weekly).json()["start_at"].startswith("2026-11-23")


def test_a_token_that_only_reads_changes_no_series(api: Call, weekly: str) -> None:
    reader = caller(Role.VIEWER)
    assert reader("get", f"{weekly}/occurrences").status_code == 200
    assert reader("patch", weekly, {"name": "Outro"}).status_code == 403
    assert reader("post", f"{weekly}/occurrences/skip", {"planned_on": "2026-11-23"}).status_code == 403
