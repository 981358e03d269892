"""Bookings of programs."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Organization
from accounts.services.tokens import create_api_token
from bookings.models import Booking, Professional, Service
from bookings.services.booking import process_id
from core.ids import uuid7
from core.tenancy import activate_organization
from leads.models import Contact
from sagas.models import SagaState
from sagas.orchestrator import orchestrator
from tests.bookings.conftest import FRIDAY_BEFORE, MONDAY, Make
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
BASE = "/api/v1"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _friday() -> Any:
    with time_machine.travel(FRIDAY_BEFORE, tick=False):
        yield


@pytest.fixture
def bearer(in_acme: Organization) -> dict[str, str]:
    _row, token = create_api_token("programa")
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def api(bearer: dict[str, str]) -> Make:
    """Ask as a program; bodies as JSON."""

    def ask(method: str, path: str, data: Any = None, **headers: str) -> Any:
        client, own = Client(), bearer | headers
        if method == "get":
            return client.get(BASE + path, headers=own)
        return client.post(BASE + path, data or {}, "application/json", headers=own)

    return ask


def body(service: Service, **changes: Any) -> dict[str, Any]:
    return {
        "service_id": str(service.pk), "starts_at": MONDAY.isoformat(), "name": "Rita", "phone": "(11) 98888-7777"
    } | changes  # fmt: skip


def test_a_program_finds_a_free_time_and_books_it(api: Make, cleaning: Service, nina: Professional) -> None:
    [service] = api("get", "/services").json()
    assert (service["name"], service["professional_ids"]) == ("Limpeza", [str(nina.pk)])
    slots = api("get", f"/availability?service_id={cleaning.pk}&first=2026-12-07&last=2026-12-07").json()
    assert slots[0] == {"starts_at": "2026-12-07T12:00:00Z", "professional_id": str(nina.pk), "professional": "Nina"}
    for _time in range(2):
        answer = api("post", "/bookings", body(cleaning, email="rita@example.com"), **{"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["origin"], made["service"], made["starts_at"]) == (
        "confirmed", "api", "Limpeza", "2026-12-07T12:00:00Z",
    )  # fmt: skip
    assert "/r/" in made["link"]
    booking = Booking.objects.get()
    assert booking.contact.phone == "+5511988887777"
    drain()
    assert orchestrator.get_status(process_id(booking.pk)).state == SagaState.SUCCEEDED
    slots = api("get", f"/availability?service_id={cleaning.pk}&first=2026-12-07&last=2026-12-07").json()
    assert slots[0]["starts_at"] == "2026-12-07T13:00:00Z"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"starts_at": (MONDAY - 3 * HOUR).isoformat()}, 409),
        ({"phone": ""}, 422),
        ({"phone": "12"}, 422),
        ({"email": "no"}, 422),
        ({"starts_at": "2026-12-07T09:00:00"}, 422),
        ({"service_id": str(uuid7())}, 404),
        ({"professional_id": str(uuid7())}, 404),
        ({"contact_id": str(uuid7())}, 404),
    ],
)
def test_what_cannot_be_booked_is_refused(api: Make, cleaning: Service, changes: dict[str, Any], status: int) -> None:
    answer = api("post", "/bookings", body(cleaning, **changes))
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Booking.objects.exists()


def test_one_time_is_never_booked_twice_not_even_by_force(api: Make, cleaning: Service) -> None:
    assert api("post", "/bookings", body(cleaning)).status_code == 201
    for force in (False, True):
        answer = api("post", "/bookings", body(cleaning, force=force))
        assert (answer.status_code, answer.json()["title"]) == (
            409,
            "Este horário não está mais livre. Escolha outro.",
        )
    early = body(cleaning, force=True, starts_at=(MONDAY - 3 * HOUR).isoformat())
    assert api("post", "/bookings", early).status_code == 201


def test_whoever_is_free_takes_it(api: Make, cleaning: Service, nina: Professional, beto: Professional) -> None:
    wanted = body(cleaning, professional_id=str(beto.pk))
    assert api("post", "/bookings", wanted).status_code == 422
    answer = api("post", "/bookings", body(cleaning))
    assert answer.json()["professional"] == "Nina"


def test_a_booking_lives_its_life(api: Make, cleaning: Service, rita: Contact) -> None:
    held = api("post", "/bookings", body(cleaning, hold=True, contact_id=str(rita.pk))).json()
    assert (held["state"], held["contact_id"]) == ("held", str(rita.pk))
    one = f"/bookings/{held['id']}"
    assert api("post", f"{one}/confirm").json()["state"] == "confirmed"
    moved = api("post", f"{one}/move", {"starts_at": (MONDAY + HOUR).isoformat()}).json()
    assert (moved["state"], moved["starts_at"]) == ("moved", "2026-12-07T13:00:00Z")
    assert api("post", f"{one}/finish", {"state": "done"}).status_code == 409
    assert api("post", f"{one}/cancel", {"reason": "Viagem"}).json()["cancel_reason"] == "Viagem"
    assert api("post", f"{one}/move", {"starts_at": MONDAY.isoformat()}).status_code == 409
    assert api("get", one).json()["state"] == "cancelled"


def test_lists_are_narrowed_and_paged(api: Make, make_booking: Make, rita: Contact) -> None:
    for hour in (0, 1, 2):
        make_booking(MONDAY + hour * HOUR)
    make_booking(MONDAY + timedelta(days=1))
    assert len(api("get", "/bookings").json()["items"]) == 4
    assert len(api("get", "/bookings?day=2026-12-07").json()["items"]) == 3
    assert api("get", "/bookings?state=cancelled").json()["items"] == []
    assert len(api("get", f"/bookings?contact_id={rita.pk}").json()["items"]) == 4
    assert api("get", f"/bookings?contact_id={uuid7()}").status_code == 404


@pytest.mark.parametrize("days", ["first=2026-12-07&last=2026-12-06", "first=2026-01-01&last=2026-12-31"])
def test_too_many_days_are_refused(api: Make, cleaning: Service, days: str) -> None:
    assert api("get", f"/availability?service_id={cleaning.pk}&{days}").status_code == 422


def test_a_stranger_finds_nothing(api: Make, make_booking: Make, cleaning: Service, carla: Membership) -> None:
    booking = make_booking()
    with activate_organization(carla.organization_id):
        _row, token = create_api_token("estranho")
    client, headers = Client(), {"Authorization": f"Bearer {token}"}
    assert client.get(f"{BASE}/bookings/{booking.pk}", headers=headers).status_code == 404
    assert client.get(f"{BASE}/availability?service_id={cleaning.pk}", headers=headers).status_code == 404
    assert client.get(f"{BASE}/bookings", headers=headers).json()["items"] == []
    for what in ("confirm", "cancel"):
        path = f"{BASE}/bookings/{booking.pk}/{what}"
        assert client.post(path, {}, "application/json", headers=headers).status_code == 404
    assert Client().get(f"{BASE}/bookings").status_code == 401


def test_the_documentation_names_every_path() -> None:
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    assert {path for path in paths if "booking" in path or "availab" in path} == {
        "/api/v1/bookings", "/api/v1/bookings/{booking_id}", "/api/v1/bookings/{booking_id}/confirm",
        "/api/v1/bookings/{booking_id}/move", "/api/v1/bookings/{booking_id}/cancel",
        "/api/v1/bookings/{booking_id}/finish", "/api/v1/availability",
    }  # fmt: skip
