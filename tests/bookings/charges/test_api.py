"""The charges of programs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization
from accounts.services.tokens import create_api_token
from billing.models import Charge
from core.clock import now
from core.ids import uuid7
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.models import Contact
from tests.billing.charging import connect_pix
from tests.bookings.charges.collecting import process, receipts_written, time_passes
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
BASE = "/api/v1/charges"
Ask = Callable[..., Charge]


@pytest.fixture
def bearer(in_acme: Organization) -> dict[str, str]:
    _row, token = create_api_token("programa")
    return {"Authorization": f"Bearer {token}"}


def body(**changes: Any) -> dict[str, Any]:
    until = (now() + timedelta(days=2)).isoformat()
    values = {
        "name": "Rita",
        "amount_cents": 4990,
        "description": "Limpeza",
        "method": "pix_static",
        "expires_at": until,
    }
    return values | changes


def post(path: str, bearer: dict[str, str], data: Any = None, **headers: str) -> Any:
    return Client().post(BASE + path, data or {}, "application/json", headers=bearer | headers)


def test_a_program_asks_for_money_and_sends_the_link(bearer: dict[str, str], rita: Contact, simulator: Channel) -> None:
    connect_pix()
    data = body(contact_id=str(rita.pk), send=True)
    for _time in range(2):
        answer = post("", bearer, data, **{"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["amount_cents"], made["contact_id"]) == ("open", 4990, str(rita.pk))
    assert made["payment_url"] in receipts_written()[0] and made["pix_code"].startswith("000201")
    assert Charge.objects.count() == 1
    assert process(Charge.objects.get()).definition == "collect_payment"


@pytest.mark.parametrize(
    "change",
    [
        {"amount_cents": 0}, {"amount_cents": 10**12}, {"method": "cash"}, {"method": "card_link"}, {"name": ""},
        {"expires_at": "2026-01-01T00:00:00"}, {"expires_at": "2020-01-01T00:00:00Z"}, {"document": "1"}, {"phone": "1"},
    ],
)  # fmt: skip
def test_what_cannot_be_charged_is_a_problem_in_words(bearer: dict[str, str], change: dict[str, Any]) -> None:
    connect_pix()
    answer = post("", bearer, body(**change))
    assert answer.status_code == 422 and answer.headers["Content-Type"] == "application/problem+json"
    assert not Charge.objects.exists()


def test_a_link_that_cannot_be_sent_leaves_no_charge(bearer: dict[str, str], rita: Contact) -> None:
    connect_pix()
    answer = post("", bearer, body(contact_id=str(rita.pk), send=True))
    assert answer.status_code == 409 and answer.json()["code"] == "no_chat"
    assert not Charge.objects.exists()


def test_charges_are_listed_newest_first(bearer: dict[str, str], ask_pix: Ask, rita: Contact) -> None:
    ids = [str(ask_pix().pk) for _number in range(3)]
    found = Client().get(BASE, {"state": "open", "contact_id": rita.pk}, headers=bearer).json()
    assert [row["id"] for row in found["items"]] == ids[::-1] and found["next_cursor"] is None
    assert Client().get(BASE, {"state": "paid"}, headers=bearer).json()["items"] == []
    assert Client().get(BASE, {"contact_id": uuid7()}, headers=bearer).status_code == 404


def test_the_life_of_a_charge(bearer: dict[str, str], ask_pix: Ask) -> None:
    charge = ask_pix()
    assert Client().get(f"{BASE}/{charge.pk}", headers=bearer).json()["state"] == "open"
    assert post(f"/{charge.pk}/refund", bearer).status_code == 409
    assert post(f"/{charge.pk}/confirm", bearer).json()["state"] == "paid"
    drain()
    assert post(f"/{charge.pk}/cancel", bearer).status_code == 409
    assert post(f"/{charge.pk}/refund", bearer).status_code == 202
    time_passes()
    assert Client().get(f"{BASE}/{charge.pk}", headers=bearer).json()["state"] == "refunding"


def test_an_open_charge_is_withdrawn(bearer: dict[str, str], ask_pix: Ask) -> None:
    assert post(f"/{ask_pix().pk}/cancel", bearer).json()["state"] == "cancelled"


def test_the_token_of_another_business_finds_nothing(make_organization: Any, ask_pix: Ask) -> None:
    charge = ask_pix()
    with activate_organization(make_organization("Outra").pk):
        _row, token = create_api_token("x")
    theirs = {"Authorization": f"Bearer {token}"}
    assert Client().get(f"{BASE}/{charge.pk}", headers=theirs).status_code == 404
    assert Client().get(BASE, headers=theirs).json()["items"] == []
    for action in ("confirm", "cancel", "refund"):
        assert post(f"/{charge.pk}/{action}", theirs).status_code == 404
    assert Client().get(BASE).status_code == 401
