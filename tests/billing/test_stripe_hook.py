import itertools
import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import stripe
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Organization
from accounts.services.secrets_store import set_secret
from billing.charges import looking
from billing.charges.checkout import open_checkout
from billing.charges.looking import follow, look, take_ticket
from billing.credentials import STRIPE_HOOK, payment_settings, stripe_account
from billing.jobs import handle_waiting_events, purge_stripe_events
from billing.models import Charge, ChargeProblem, ChargeState, Confirmation, PaymentSettings, StripeEvent
from billing.providers.stripe import Checkout
from billing.webhooks import handling
from billing.webhooks.handling import handle_events
from core.clock import now
from core.tenancy import activate_organization
from tests.billing.charging import again, card_charge, connect_stripe, pix_charge
from tests.support.fake_stripe import SECRET, FakeStripe, signed
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def charge(in_acme: Organization, stripe_server: FakeStripe) -> Charge:
    """A card charge whose payment page is open at Stripe."""
    made = card_charge()
    open_checkout(made.pk)
    return again(made)


def post(body: bytes, signature: str, token: str = "") -> Any:
    token = token or PaymentSettings.unscoped.get().hook_token
    headers = {"Stripe-Signature": signature}
    return Client().post(reverse("billing:stripe-hook", args=[token]), body, "application/json", headers=headers)


def handle(organization: Any) -> None:
    handle_events(organization_id=str(organization.pk))


def test_a_paid_page_makes_the_charge_paid(charge: Charge, acme: Organization, stripe_server: FakeStripe) -> None:
    stripe_server.pay(charge.session_id or "")
    answers = stripe_server.deliver(post)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert again(charge).state == ChargeState.OPEN, "the request itself only keeps the event"
    drain()
    paid = again(charge)
    assert (paid.state, paid.confirmation, paid.received_cents) == (ChargeState.PAID, Confirmation.STRIPE, 4990)
    assert paid.payment_intent_id and paid.paid_at
    assert not StripeEvent.objects.filter(handled_at=None).exists()


def test_an_event_is_kept_once(charge: Charge, stripe_server: FakeStripe) -> None:
    stripe_server.pay(charge.session_id or "")
    for _time in range(3):
        assert {answer.status_code for answer in stripe_server.deliver(post)} == {200}
    assert StripeEvent.objects.count() == 3
    drain()
    stripe_server.deliver(post)
    drain()
    assert again(charge).state == ChargeState.PAID


def six_events(server: FakeStripe, session_id: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the life of a payment as events, each with what was true at Stripe when it left."""
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def note() -> None:
        steps.extend((event, server.keep()) for event in server.events[len(steps) :])

    server.pay(session_id)
    note()
    server.refunds_settle = False
    refund = server.refund_from_dashboard(session_id)
    note()
    server.refund_settles(refund)
    note()
    assert [event["type"] for event, _state in steps] == [
        "payment_intent.succeeded", "charge.succeeded", "checkout.session.completed",
        "refund.created", "charge.refunded", "refund.updated",
    ]  # fmt: skip
    return steps


class StripeAtStage:
    """Answers as Stripe does, from what the real client read at each stage of a payment's life."""

    def __init__(self, server: FakeStripe, session_id: str, states: list[dict[str, Any]]) -> None:
        self.stage, self.pages = 0, []
        for state in states:
            server.restore(state)
            self.pages.append(stripe_account().get_checkout(session_id))

    def __call__(self, **_seconds: float) -> "StripeAtStage":
        return self

    def get_checkout(self, _session_id: str) -> Checkout:
        return self.pages[self.stage]

    def find_reference(self, _intent: str) -> str:
        return self.pages[self.stage].reference


def test_all_720_orders_of_six_events_end_right(
    charge: Charge, acme: Organization, stripe_server: FakeStripe, monkeypatch: pytest.MonkeyPatch, said: Counter[str]
) -> None:
    """Stripe is at least as far as the newest event that has arrived."""
    steps = six_events(stripe_server, charge.session_id or "")
    stripe_now = StripeAtStage(stripe_server, charge.session_id or "", [state for _event, state in steps])
    monkeypatch.setattr(looking, "stripe_account", stripe_now)
    monkeypatch.setattr(handling, "stripe_account", stripe_now)
    assert {answer.status_code for answer in stripe_server.deliver(post, [event for event, _state in steps])} == {200}
    events = [StripeEvent.objects.get(event_id=event["id"]).pk for event, _state in steps]
    StripeEvent.objects.update(due_at=now() + timedelta(days=1))
    wrong = []
    for order in itertools.permutations(range(6)):
        with transaction.atomic():
            stripe_now.stage = 0
            said.clear()
            for number in order:
                stripe_now.stage = max(stripe_now.stage, number)
                StripeEvent.objects.filter(pk=events[number]).update(due_at=now())
                handle(acme)
            end = again(charge)
            if (end.state, end.received_cents, end.refunded_cents, end.problem) != (
                ChargeState.REFUNDED,
                4990,
                4990,
                "",
            ):
                wrong.append((order, end.state))
            if said["ChargePaid"] > 1 or said["ChargeRefunded"] != 1:
                wrong.append((order, f"said {said}"))
            transaction.set_rollback(True)
    assert wrong == []


def test_a_refund_that_arrives_first_finds_its_charge(
    charge: Charge, acme: Organization, stripe_server: FakeStripe
) -> None:
    stripe_server.pay(charge.session_id or "")
    stripe_server.refund_from_dashboard(charge.session_id or "")
    refund_created = next(event for event in stripe_server.events if event["type"] == "refund.created")
    assert "charge_id" not in refund_created["data"]["object"]["metadata"]
    stripe_server.deliver(post, [refund_created])
    handle(acme)
    assert again(charge).state == ChargeState.REFUNDED


def test_another_amount_is_not_a_payment(
    charge: Charge, acme: Organization, stripe_server: FakeStripe, said: Counter[str]
) -> None:
    stripe_server.pay(charge.session_id or "", amount=4989)
    stripe_server.deliver(post)
    handle(acme)
    held = again(charge)
    assert (held.state, held.problem, held.received_cents) == (ChargeState.OPEN, ChargeProblem.AMOUNT, 4989)
    assert said["ChargePaid"] == 0


def test_what_an_event_says_is_not_believed(charge: Charge, acme: Organization) -> None:
    lie = {
        "id": "evt_lie", "type": "checkout.session.completed",
        "data": {"object": {"object": "checkout.session", "id": charge.session_id, "client_reference_id": str(charge.pk),
                            "payment_status": "paid", "amount_total": 4990}},
    }  # fmt: skip
    assert post(*signed(lie)).status_code == 200
    handle(acme)
    assert again(charge).state == ChargeState.OPEN


def test_the_page_of_another_charge_pays_nothing(charge: Charge, acme: Organization, stripe_server: FakeStripe) -> None:
    other = card_charge(amount_cents=4990)
    open_checkout(other.pk)
    stripe_server.pay(again(other).session_id or "")
    trick = {"object": "checkout.session", "id": again(other).session_id, "client_reference_id": str(charge.pk)}
    post(*signed({"id": "evt_t", "type": "checkout.session.completed", "data": {"object": trick}}))
    handle(acme)
    assert again(charge).state == ChargeState.OPEN
    assert not StripeEvent.objects.filter(handled_at=None).exists()


def test_a_partial_refund_leaves_it_paid_and_says_so(
    charge: Charge, acme: Organization, stripe_server: FakeStripe
) -> None:
    stripe_server.pay(charge.session_id or "")
    stripe_server.refund_from_dashboard(charge.session_id or "", 1000)
    stripe_server.deliver(post)
    handle(acme)
    kept = again(charge)
    assert (kept.state, kept.problem, kept.refunded_cents) == (ChargeState.PAID, ChargeProblem.PARTLY_REFUNDED, 1000)


def test_a_dispute_is_shown(charge: Charge, acme: Organization, stripe_server: FakeStripe) -> None:
    stripe_server.pay(charge.session_id or "")
    stripe_server.dispute(charge.session_id or "")
    stripe_server.deliver(post)
    handle(acme)
    assert again(charge).problem == ChargeProblem.DISPUTED


def test_a_refund_that_fails_days_later_makes_it_paid_again(
    charge: Charge, acme: Organization, stripe_server: FakeStripe
) -> None:
    stripe_server.pay(charge.session_id or "")
    refund = stripe_server.refund_from_dashboard(charge.session_id or "")
    stripe_server.deliver(post)
    handle(acme)
    assert again(charge).state == ChargeState.REFUNDED
    stripe_server.refund_settles(refund, "failed")
    stripe_server.deliver(post)
    handle(acme)
    back = again(charge)
    assert (back.state, back.problem, back.refunded_at) == (ChargeState.PAID, ChargeProblem.REFUND_REFUSED, None)


def test_pix_that_the_bank_confirms_later(charge: Charge, acme: Organization, stripe_server: FakeStripe) -> None:
    stripe_server.pay_later(charge.session_id or "")
    stripe_server.deliver(post)
    handle(acme)
    assert again(charge).state == ChargeState.OPEN
    stripe_server.bank_answers(charge.session_id or "", paid=True)
    stripe_server.deliver(post)
    handle(acme)
    assert again(charge).state == ChargeState.PAID


def test_money_for_an_expired_charge_still_counts(
    charge: Charge, acme: Organization, stripe_server: FakeStripe
) -> None:
    stripe_server.pay(charge.session_id or "")
    Charge.objects.filter(pk=charge.pk).update(state=ChargeState.EXPIRED)
    stripe_server.deliver(post)
    handle(acme)
    assert again(charge).state == ChargeState.PAID


def test_a_look_that_began_earlier_changes_nothing(charge: Charge, stripe_server: FakeStripe) -> None:
    early, late = take_ticket(charge.pk), take_ticket(charge.pk)
    before = stripe_account().get_checkout(charge.session_id or "")
    stripe_server.pay(charge.session_id or "")
    assert follow(charge.pk, late, stripe_account().get_checkout(charge.session_id or ""))
    assert not follow(charge.pk, early, before)
    assert again(charge).state == ChargeState.PAID


def test_stripe_being_down_only_delays(charge: Charge, acme: Organization, stripe_server: FakeStripe) -> None:
    stripe_server.pay(charge.session_id or "")
    stripe_server.deliver(post)
    stripe_server.faults = ["503"] * 3
    handle(acme)
    waiting = StripeEvent.objects.filter(handled_at=None)
    assert waiting.count() == 3 and all(event.attempts == 1 and event.due_at > now() for event in waiting)
    waiting.update(due_at=now())
    with activate_organization(acme.pk):
        handle_waiting_events()
    drain()
    assert again(charge).state == ChargeState.PAID


def test_events_about_other_business_are_put_aside(
    charge: Charge, acme: Organization, stripe_server: FakeStripe
) -> None:
    for number, (kind, about) in enumerate([
        ("customer.created", {"object": "customer", "id": "cus_1"}),
        ("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_other", "metadata": {}}),
        ("checkout.session.completed", {"object": "checkout.session", "id": "cs_x", "client_reference_id": "order-7"}),
        ("checkout.session.completed", {"object": "checkout.session", "id": "cs_x", "client_reference_id": str(uuid4())}),
        ("charge.refunded", {"object": "charge", "id": "ch_1", "metadata": "odd", "payment_intent": 7}),
        ("refund.created", None),
    ]):  # fmt: skip
        event = {"id": f"evt_{number}", "type": kind, "data": {"object": about}}
        assert post(*signed(event)).status_code == 200
    handle(acme)
    assert not StripeEvent.objects.filter(handled_at=None).exists()
    assert again(charge).state == ChargeState.OPEN


def test_old_events_are_forgotten_and_waiting_ones_are_not(charge: Charge, stripe_server: FakeStripe) -> None:
    stripe_server.pay(charge.session_id or "")
    stripe_server.deliver(post)
    first = StripeEvent.objects.earliest("pk")
    StripeEvent.objects.filter(pk=first.pk).update(handled_at=now())
    StripeEvent.objects.update(received_at=now() - timedelta(days=36))
    purge_stripe_events()
    assert StripeEvent.objects.count() == 2


EVENT = {"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {}}}


def at_now(change: Callable[[bytes, str], tuple[bytes, str]]) -> tuple[bytes, str]:
    """Return a body and its signature of this moment, changed."""
    return change(*signed(EVENT))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(lambda: at_now(lambda body, good: (body, "")), id="no signature"),
        pytest.param(lambda: at_now(lambda body, good: (body, "t=1,v1=" + "0" * 64)), id="made up"),
        pytest.param(lambda: at_now(lambda body, good: (body, good.replace("v1=", "v0="))), id="another scheme"),
        pytest.param(lambda: signed(EVENT, secret="whsec_other"), id="another secret"),
        pytest.param(lambda: signed(EVENT, at=int(time.time()) - 301), id="old"),
        pytest.param(lambda: signed(EVENT, at=int(time.time()) + 7200), id="of the future"),
        pytest.param(lambda: at_now(lambda body, good: (body, good.split(",")[0] + ",v1=zz")), id="no hex"),
        pytest.param(lambda: at_now(lambda body, good: (body, good.split(",")[0] + ",v1=ç")), id="no ascii"),
        pytest.param(lambda: at_now(lambda body, good: (body[:-1], good)), id="cut"),
        pytest.param(lambda: at_now(lambda body, good: (body + b" ", good)), id="longer"),
        pytest.param(
            lambda: at_now(lambda body, good: (json.dumps(EVENT, separators=(",", ":")).encode(), good)),
            id="written anew",
        ),
        pytest.param(lambda: at_now(lambda body, good: (b"", good)), id="empty"),
        pytest.param(lambda: at_now(lambda body, good: (b"\xff\xfe", good)), id="no text"),
        pytest.param(lambda: signed({"id": "evt_1"}), id="no type"),
        pytest.param(lambda: signed([EVENT]), id="a list"),  # type: ignore[arg-type]
        pytest.param(lambda: signed({"id": {"a": 1}, "type": "x"}), id="an object as id"),
        pytest.param(lambda: signed({"id": "evt_\u0000", "type": "x"}), id="NUL"),
        pytest.param(lambda: signed({"id": 10**400, "type": "x"}), id="a huge number"),
        pytest.param(lambda: signed("x"), id="a string"),  # type: ignore[arg-type]
    ],
)
def test_what_stripe_did_not_sign_is_refused(in_acme: Organization, sent: Callable[[], tuple[bytes, str]]) -> None:
    body, signature = sent()
    connect_stripe()
    assert post(body, signature).status_code == 400
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize("body", [b"[" * 5000 + b"]" * 5000, b'{"a": NaN}', b"null", b'{"id": "a", "id": "b"}'])
def test_signed_nonsense_is_refused(in_acme: Organization, body: bytes) -> None:
    connect_stripe()
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), SECRET)
    assert post(body, header).status_code == 400


def test_too_large_a_body_is_refused_before_it_is_read_whole(in_acme: Organization) -> None:
    connect_stripe()
    assert post(b"x" * (1024 * 1024 + 1), signed(EVENT)[1]).status_code == 413


def test_an_address_nobody_has_is_not_found(in_acme: Organization) -> None:
    connect_stripe()
    assert post(*signed(EVENT), token="x" * 32).status_code == 404
    assert Client().get(reverse("billing:stripe-hook", args=["x" * 32])).status_code == 405


def test_without_a_signing_secret_nothing_is_taken(in_acme: Organization) -> None:
    payment_settings()
    assert post(*signed(EVENT)).status_code == 400


def test_the_secret_of_one_organization_opens_no_other(in_acme: Organization, make_organization: Any) -> None:
    connect_stripe()
    other = make_organization("Bela Flor")
    with activate_organization(other.pk):
        payment_settings()
        set_secret(STRIPE_HOOK, "whsec_" + "z" * 32, actor=None)
        token = payment_settings().hook_token
    assert post(*signed(EVENT), token=token).status_code == 400
    assert not StripeEvent.unscoped.exists()


def test_the_same_event_id_at_two_organizations_is_two_events(in_acme: Organization, make_organization: Any) -> None:
    connect_stripe()
    mine = payment_settings().hook_token
    with activate_organization(make_organization("Bela Flor").pk):
        connect_stripe()
        theirs = payment_settings().hook_token
    assert [post(*signed(EVENT), token=token).status_code for token in (mine, theirs)] == [200, 200]
    assert StripeEvent.unscoped.count() == 2


def test_looking_at_a_charge_without_a_page_asks_nobody(in_acme: Organization, stripe_server: FakeStripe) -> None:
    assert look(pix_charge().pk) is None
    assert not stripe_server.calls
