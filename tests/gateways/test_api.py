"""Numbers over the public API, as the contract says."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Role
from accounts.services.tokens import create_api_token
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState
from gateways.services.health import webhook_url
from tests.gateways.conftest import MakeChannel, Script
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db

WAHA = {"base_url": "http://127.0.0.1:3000", "api_key": "chave-da-api", "session": "default", "hmac_key": "segredo"}
WORKING = {"name": "default", "status": "WORKING", "me": {"id": "5511988880000@c.us"}}


class Api:
    def __init__(self, organization: Organization, role: Role) -> None:
        with activate_organization(organization.pk):
            _token, plain = create_api_token("teste", role=role)
        self.headers = {"Authorization": f"Bearer {plain}"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        call = getattr(Client(), method)
        url = f"/api/v1/channels{path}"
        return (
            call(url, body, content_type="application/json", headers=self.headers | headers)
            if body is not None
            else call(url, headers=self.headers | headers)
        )


@pytest.fixture
def api(acme: Organization) -> Api:
    return Api(acme, Role.ADMIN)


def test_a_number_is_created_and_connects(api: Api, server: Script, acme: Organization) -> None:
    server.json("/api/sessions", WORKING, status=201).json("/api/sessions/default", WORKING)
    pace = {"min_gap_ms": 500, "max_gap_ms": 800, "daily_limit": 5_000, "warm_up": True, "quiet_hours": None}
    answer = api(
        "post",
        "",
        {
            "provider": "waha",
            "name": "Loja",
            "phone": "+55 11 98888-0000",
            "role": "active",
            "config": WAHA,
            "pace": pace,
        },
    )
    assert answer.status_code == 201, answer.content
    found = answer.json()
    assert (found["state"], found["role"], found["phone"]) == ("connecting", "active", "+5511988880000")
    assert found["pace"] == {
        "min_gap_ms": 500, "max_gap_ms": 800, "daily_limit": 5_000, "daily_cap": 5_000, "warm_up": True, "quiet_hours": None,
    }  # fmt: skip
    assert "/hooks/waha/" in found["webhook_url"]
    drain()
    assert api("get", f"/{found['id']}").json()["state"] == "connected"


def test_secrets_never_come_back(api: Api, channel: Channel) -> None:
    for path in ("", f"/{channel.pk}"):
        text = api("get", path).content.decode()
        assert "chave-da-api" not in text
        assert "segredo" not in text


def test_defaults_are_the_safe_ones(api: Api, server: Script) -> None:
    found = api("post", "", {"provider": "waha", "name": "Loja", "config": WAHA}).json()
    assert found["pace"] == {
        "min_gap_ms": 45_000, "max_gap_ms": 60_000, "daily_limit": None, "daily_cap": 20, "warm_up": True,
        "quiet_hours": ["22:00", "08:00"],
    }  # fmt: skip


def test_a_simulator_is_connected_at_once(api: Api) -> None:
    answer = api("post", "", {"provider": "simulator", "name": "Ensaio", "config": {"speed": 100}})
    assert (answer.status_code, answer.json()["state"]) == (201, "connected")


BASE = {"provider": "waha", "name": "Loja", "config": WAHA}
REFUSED: dict[str, dict[str, Any]] = {
    "no provider": {"name": "x"},
    "unknown provider": BASE | {"provider": "fax"},
    "no name": BASE | {"name": ""},
    "name too long": BASE | {"name": "x" * 81},
    "bad role": BASE | {"role": "retired"},
    "bad phone": BASE | {"phone": "12"},
    "no address": BASE | {"config": {}},
    "bad address": BASE | {"config": {"base_url": "javascript:alert(1)"}},
    "config is a list": BASE | {"config": []},
    "gap under the floor": BASE | {"pace": {"min_gap_ms": 499}},
    "zero gap": BASE | {"pace": {"min_gap_ms": 0, "max_gap_ms": 0}},
    "negative gap": BASE | {"pace": {"min_gap_ms": -5}},
    "gaps crossed": BASE | {"pace": {"min_gap_ms": 9_000, "max_gap_ms": 1_000}},
    "limit of zero": BASE | {"pace": {"daily_limit": 0}},
    "one quiet hour": BASE | {"pace": {"quiet_hours": ["22:00"]}},
    "no hours": BASE | {"pace": {"quiet_hours": ["25:00", "08:00"]}},
    "quiet text": BASE | {"pace": {"quiet_hours": "22:00-08:00"}},
    "simulator out of range": BASE | {"provider": "simulator", "config": {"speed": 0}},
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_bodies_are_422_and_nothing_is_created(api: Api, in_acme: Organization, case: str) -> None:
    answer = api("post", "", REFUSED[case])
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["status"] == 422
    assert not Channel.objects.exists()


def test_private_addresses_are_422_where_they_are_not_allowed(api: Api, settings: Any) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    assert api("post", "", BASE).status_code == 422


def test_a_patch_changes_only_what_it_says(api: Api, channel: Channel, server: Script) -> None:
    answer = api("patch", f"/{channel.pk}", {"name": "Balcão", "role": "standby", "pace": {"daily_limit": 90}})
    assert (answer.status_code, answer.json()["name"], answer.json()["role"]) == (200, "Balcão", "standby")
    assert answer.json()["pace"]["daily_cap"] == 90
    answer = api("patch", f"/{channel.pk}", {"pace": {"min_gap_ms": 1_000, "max_gap_ms": 2_000}})
    assert (answer.json()["pace"]["daily_limit"], answer.json()["pace"]["max_gap_ms"]) == (90, 2_000)
    answer = api("patch", f"/{channel.pk}", {"pace": {"daily_limit": None, "quiet_hours": ["21:00", "09:00"]}})
    assert (answer.json()["pace"]["daily_limit"], answer.json()["pace"]["quiet_hours"]) == (None, ["21:00", "09:00"])
    assert api("patch", f"/{channel.pk}", {"pace": {"min_gap_ms": 10}}).status_code == 422
    assert api("get", f"/{channel.pk}").json()["pace"]["min_gap_ms"] == 1_000


def test_pausing_and_resuming(api: Api, channel: Channel, server: Script) -> None:
    server.json("/api/sessions", WORKING, status=201).json("/api/sessions/default", WORKING)
    assert api("patch", f"/{channel.pk}", {"paused": True}).json()["state"] == "paused"
    assert api("patch", f"/{channel.pk}", {"paused": False}).json()["state"] == "connecting"
    drain()
    assert api("get", f"/{channel.pk}").json()["state"] == "connected"


def test_a_deleted_number_is_gone_and_its_hook_too(api: Api, channel: Channel) -> None:
    assert api("delete", f"/{channel.pk}").status_code == 204
    for method in ("get", "delete"):
        assert api(method, f"/{channel.pk}").status_code == 404
    assert api("patch", f"/{channel.pk}", {"name": "x"}).status_code == 404
    assert api("get", "").json()["items"] == []
    assert (
        Client()
        .post(webhook_url(channel).split("localhost:8000")[-1], b"{}", content_type="application/json")
        .status_code
        == 404
    )


def test_lists_go_page_by_page(api: Api, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [str(make_channel(name=f"N{number}").pk) for number in range(5)]
    monkeypatch.setattr("gateways.api.SIZE", 2)
    seen, cursor = [], ""
    for _ in range(3):
        page = api("get", f"?cursor={cursor}" if cursor else "").json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made
    assert cursor is None
    assert api("get", "?cursor=nonsense").status_code == 400


def test_a_list_is_a_fixed_number_of_queries(
    api: Api, make_channel: MakeChannel, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(12):
        make_channel(name=f"N{number}")
    with django_assert_max_num_queries(4):
        assert len(api("get", "").json()["items"]) == 12


def test_foreign_numbers_are_as_absent_as_absent_ones(carla: Membership, channel: Channel) -> None:
    hers = Api(carla.organization, Role.ADMIN)
    absent = "01900000-0000-7000-8000-000000000000"
    for method, body in (("get", None), ("patch", {"name": "x"}), ("delete", None)):
        foreign, missing = hers(method, f"/{channel.pk}", body), hers(method, f"/{absent}", body)
        assert (foreign.status_code, foreign.json()) == (missing.status_code, missing.json())
        assert foreign.status_code == 404
    assert hers("get", "").json()["items"] == []


@pytest.mark.parametrize(
    ("role", "read", "written"), [(Role.VIEWER, 200, 403), (Role.AGENT, 200, 403), (Role.ADMIN, 200, 201)]
)
def test_who_may_manage_numbers(
    acme: Organization, channel: Channel, server: Script, role: Role, read: int, written: int
) -> None:
    api = Api(acme, role)
    answer = api("get", f"/{channel.pk}")
    assert answer.status_code == read
    # The address of the hook is a secret.
    assert bool(answer.json()["webhook_url"]) is (role == Role.ADMIN)
    assert api("post", "", BASE).status_code == written
    if written == 403:
        assert api("patch", f"/{channel.pk}", {"name": "x"}).status_code == 403
        assert api("delete", f"/{channel.pk}").status_code == 403
        channel.refresh_from_db()
        assert (channel.name, channel.removed_at) == ("Recepção", None)


def test_without_a_token_nothing(channel: Channel) -> None:
    for method, path in (
        ("get", ""),
        ("post", ""),
        ("get", f"/{channel.pk}"),
        ("patch", f"/{channel.pk}"),
        ("delete", f"/{channel.pk}"),
    ):
        assert getattr(Client(), method)(f"/api/v1/channels{path}").status_code == 401


def test_the_same_idempotency_key_makes_one_number(api: Api, server: Script) -> None:
    first, second = (api("post", "", BASE, **{"Idempotency-Key": "abc"}) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert (first.status_code, second.status_code) == (201, 201)
    assert api("post", "", BASE | {"name": "Outra"}, **{"Idempotency-Key": "abc"}).status_code == 409


def test_states_are_those_of_the_contract() -> None:
    assert set(ChannelState.values) == {
        "connecting",
        "qr_required",
        "connected",
        "disconnected",
        "restricted",
        "paused",
    }
