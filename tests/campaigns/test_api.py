import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Membership, Organization, Role
from accounts.services.tokens import create_api_token
from campaigns.models import Campaign, Recipient
from campaigns.services import lifecycle
from core.clock import now
from core.tenancy import activate_organization

Call = Callable[..., Any]


@pytest.fixture
def api(in_acme: Organization) -> Call:
    return caller(Role.AGENT)


def caller(role: Role) -> Call:
    _token, plain = create_api_token("test", role=role)

    def call(method: str, path: str, body: Any = None, base: str = "/api/v1", **headers: str) -> Any:
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(Client(), method)(
            f"{base}{path}", headers={"Authorization": f"Bearer {plain}", **headers}, **data
        )

    return call


@pytest.fixture
def order(in_acme: Organization, make_list: Any, make_channel: Any) -> dict[str, Any]:
    return {
        "name": "Novembro", "list_ids": [str(make_list(3).pk)], "channel_ids": [str(make_channel().pk)],
        "variants": [{"body": "Oi, {nome}!", "weight": 1}], "start_at": None,
    }  # fmt: skip


@pytest.mark.django_db
def test_a_campaign_is_created_started_paused_resumed_and_cancelled(api: Call, order: dict[str, Any]) -> None:
    created = api("post", "/campaigns", order)
    assert (created.status_code, created.json()["state"]) == (201, "draft")
    path = f"/campaigns/{created.json()['id']}"
    for action, state in (("start", "running"), ("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        answer = api("post", f"{path}/{action}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert api("get", path).json()["state"] == "cancelled"
    assert [row["id"] for row in api("get", "/campaigns").json()["items"]] == [created.json()["id"]]


@pytest.mark.django_db
def test_a_start_in_the_future_schedules(api: Call, order: dict[str, Any]) -> None:
    at = (now() + timedelta(minutes=10)).isoformat()
    assert api("post", "/campaigns", order | {"start_at": at}).json()["state"] == "scheduled"


@pytest.mark.django_db
def test_what_the_state_does_not_allow_is_a_conflict_with_the_reason(api: Call, order: dict[str, Any]) -> None:
    path = f"/campaigns/{api('post', '/campaigns', order).json()['id']}"
    for action in ("pause", "resume", "cancel"):
        answer = api("post", f"{path}/{action}")
        assert answer.status_code == 409
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert answer.json()["title"] or answer.json()["detail"]
    assert Campaign.objects.get().state == "draft"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"list_ids": []}, {"variants": []}, {"channel_ids": []}, {"variants": [{"body": ""}]},
        {"list_ids": ["00000000-0000-0000-0000-000000000000"]}, {"list_ids": ["x"]}, {"variants": [{"body": "Oi", "weight": 0}]},
        {"start_at": "ontem"}, {"start_at": "2020-01-01T00:00:00Z"}, {"variants": "Oi"}, {"name": {"a": 1}}, {"priority": 10**9},
        {"variants": [{"body": "x" * 5000}]}, {"sending_hours": {"start": "a", "end": "b"}},
    ],
)  # fmt: skip
def test_bad_input_is_refused_and_leaves_nothing(api: Call, order: dict[str, Any], change: dict[str, Any]) -> None:
    answer = api("post", "/campaigns", order | change)
    assert answer.status_code == 422
    assert not Campaign.objects.exists()


@pytest.mark.django_db
def test_the_figures(api: Call, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(4))
    Recipient.objects.filter(position=1).update(state="read")
    answer = api("get", f"/campaigns/{campaign.pk}/stats").json()
    assert list(answer) == [
        "state", "total", "pending", "sent", "delivered", "read", "replied", "failed", "invalid", "skipped", "unknown",
        "closed_deals", "success_rate", "conversion_rate",
    ]  # fmt: skip
    assert (answer["total"], answer["pending"], answer["sent"], answer["success_rate"]) == (4, 3, 1, 100.0)
    assert api("get", f"/campaigns/{campaign.pk}/stats", base="/api").json() == answer


@pytest.mark.django_db
def test_recipients_come_in_pages_and_by_state(api: Call, make_campaign: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.api.figures.SIZE", 3)
    campaign = lifecycle.start(make_campaign(5))
    path = f"/campaigns/{campaign.pk}/recipients"
    first = api("get", path).json()
    second = api("get", f"{path}?cursor={first['next_cursor']}").json()
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (3, 2, None)
    assert {"contact_id", "phone", "variant_id", "channel_id", "state", "body", "sent_at", "error"} <= set(
        first["items"][0]
    )
    assert first["items"][0]["body"] == "Oi, Pessoa!"
    assert api("get", f"{path}?state=sent").json()["items"] == []
    assert api("get", f"{path}?state=nonsense").status_code == 422


@pytest.mark.django_db
def test_deals_by_a_step_and_never_by_a_guess(api: Call, make_campaign: Any) -> None:
    path = f"/campaigns/{make_campaign().pk}/deal"
    steps = [api("post", path, {"delta": step}, base="/api").json()["closed_deals"] for step in (1, 1, -1)]
    assert steps == [1, 2, 1]
    assert api("post", path, {"amount": -1}, base="/api").status_code == 422
    assert api("post", path, {"delta": 5}, base="/api").status_code == 422
    assert api("post", path, {"delta": -1}, base="/api").json()["closed_deals"] == 0


@pytest.mark.django_db
def test_a_recipient_left_out_says_why(api: Call, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(2))
    Recipient.objects.filter(position=1).update(state="skipped", skip_reason="opted_out")
    items = api("get", f"/campaigns/{campaign.pk}/recipients").json()["items"]
    assert [bool(item["error"]) for item in items] == [item["state"] == "skipped" for item in items]


@pytest.mark.django_db
def test_why_a_campaign_paused_is_said_in_words(api: Call, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign())
    lifecycle.pause_by_system(campaign.pk, "plan:daily_limit")
    reason = api("get", f"/campaigns/{campaign.pk}").json()["pause_reason"]
    assert reason
    assert "plan:" not in reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("get", "/stats"),
        ("get", "/recipients"),
        ("post", "/start"),
        ("post", "/pause"),
        ("post", "/cancel"),
    ],
)
def test_campaigns_of_others_are_not_found(
    api: Call, make_organization: Any, make_campaign: Any, method: str, path: str
) -> None:
    with activate_organization(make_organization("Bela Flor").pk):
        foreign = make_campaign()
    answer = api(method, f"/campaigns/{foreign.pk}{path}")
    assert answer.status_code == 404
    assert answer.json() == api(method, f"/campaigns/00000000-0000-0000-0000-000000000000{path}").json()


@pytest.mark.django_db
def test_without_a_token_nothing_is_told(in_acme: Organization, make_campaign: Any) -> None:
    campaign = make_campaign()
    assert Client().get(f"/api/v1/campaigns/{campaign.pk}/stats").status_code == 401
    assert Client().get(f"/api/campaigns/{campaign.pk}/stats").status_code == 401


@pytest.mark.django_db
def test_a_token_that_only_reads_starts_nothing(in_acme: Organization, make_campaign: Any) -> None:
    campaign = make_campaign()
    assert caller(Role.VIEWER)("post", f"/campaigns/{campaign.pk}/start").status_code == 403
    campaign.refresh_from_db()
    assert campaign.state == "draft"


@pytest.mark.django_db
def test_deals_go_up_and_down_and_never_below_zero(api: Call, make_campaign: Any) -> None:
    path = f"/campaigns/{make_campaign().pk}/deal"
    counts = [
        api("post", path, body, base="/api").json()["closed_deals"]
        for body in (
            {},
            {"action": "increment"},
            {"action": "decrement"},
            {"action": "decrement"},
            {"action": "decrement"},
        )
    ]
    assert counts == [1, 2, 1, 0, 0]
    assert api("post", path, {"action": "double"}, base="/api").status_code == 422


@pytest.mark.django_db
def test_members_use_the_plain_paths_with_their_session(
    ana: Membership, vera: Membership, carla: Membership, in_acme: Organization, make_campaign: Any, login: Any
) -> None:
    campaign = make_campaign()
    deal = f"/api/campaigns/{campaign.pk}/deal"
    body = {"data": "{}", "content_type": "application/json"}
    assert login(ana).post(deal, **body).json()["closed_deals"] == 1
    assert login(vera).post(deal, **body).status_code == 403
    assert login(carla).post(deal, **body).status_code == 404
    assert login(vera).get(f"/api/campaigns/{campaign.pk}/stats").json()["closed_deals"] == 1
    assert login(carla).get(f"/api/campaigns/{campaign.pk}/stats").status_code == 404


@pytest.mark.django_db
def test_the_same_request_twice_makes_one_campaign(api: Call, order: dict[str, Any]) -> None:
    first = api("post", "/campaigns", order, **{"Idempotency-Key": "a-1"})
    second = api("post", "/campaigns", order, **{"Idempotency-Key": "a-1"})
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert Campaign.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_starts_at_once_make_one_audience(api: Call, make_campaign: Any) -> None:
    campaign = make_campaign(50)
    barrier, statuses = threading.Barrier(20), []

    def start() -> None:
        barrier.wait()
        statuses.append(api("post", f"/campaigns/{campaign.pk}/start").status_code)
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 19
    assert Recipient.objects.count() == 50
