import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings
from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from billing.providers.errors import ProviderBusyError, ProviderDownError, ProviderKeyError, ProviderRefusedError
from billing.providers.stripe import BadHookError, CheckoutOrder, StripeAccount, read_event
from billing.providers.stripe.params import checkout_params, refund_params
from core.breaker import CircuitOpenError
from tests.support.fake_stripe import KEY, SECRET, FakeStripe, signed
from tests.support.stripe_params import decoded, errors

ORDER = CheckoutOrder(
    reference="01900000-0000-7000-8000-000000000001",
    organization_id="01900000-0000-7000-8000-0000000000aa",
    amount_cents=4990,
    description="Avaliação",
    method="card",
    email="ana@example.com",
    return_url="https://prosa.example/pagar/abc/",
    expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(hours=20),
)


def account(key: str = KEY, seconds: float = 10.0) -> StripeAccount:
    return StripeAccount(key, organization_id=ORDER.organization_id, seconds=seconds)


@pytest.mark.parametrize("method", ["card", "pix"])
@pytest.mark.parametrize("email", ["", "ana@example.com"])
def test_bodies_fit_the_parameter_types_of_the_sdk(method: str, email: str) -> None:
    assert errors(SessionCreateParams, checkout_params(replace(ORDER, method=method, email=email))) == []
    assert errors(RefundCreateParams, refund_params("pi_1", 4990, "x")) == []


def test_the_check_of_parameters_notices_what_stripe_would() -> None:
    good = dict(checkout_params(ORDER))
    assert errors(SessionCreateParams, good | {"payment_method_types": ["card"]}) == [
        "$.payment_method_types: unknown parameter"
    ]
    assert errors(SessionCreateParams, good | {"mode": "paymnt"}) == ["$.mode: 'paymnt' not allowed"]
    assert errors(SessionCreateParams, good | {"line_items": [{"quantity": "1"}]}) == [
        "$.line_items[0].quantity: expected int"
    ]
    assert errors(SessionCreateParams, good | {"expires_at": 1.5}) == ["$.expires_at: expected int"]


def test_forms_are_read_back_as_they_were_meant() -> None:
    body = "line_items[0][quantity]=2&line_items[0][price_data][unit_amount]=4990&expand[0]=a&adaptive_pricing[enabled]=false"
    assert decoded(SessionCreateParams, body) == {
        "line_items": [{"quantity": 2, "price_data": {"unit_amount": 4990}}],
        "expand": ["a"],
        "adaptive_pricing": {"enabled": False},
    }


def test_a_payment_page_is_opened_paid_and_read(stripe_server: FakeStripe) -> None:
    opened = account().create_checkout(ORDER, key="session-1")
    assert opened.is_open and not opened.is_paid
    assert (opened.amount_cents, opened.currency, opened.reference) == (4990, "brl", ORDER.reference)
    stripe_server.pay(opened.id)
    paid = account().get_checkout(opened.id)
    assert paid.is_paid and not paid.is_open and paid.payment_intent_id.startswith("pi_")
    assert paid.paid_at is not None and paid.refunded_cents == 0
    assert stripe_server.versions == {"2026-10-28.endive"}


def test_the_same_key_opens_one_page(stripe_server: FakeStripe) -> None:
    first = account().create_checkout(ORDER, key="session-1")
    assert account().create_checkout(ORDER, key="session-1").id == first.id
    assert len(stripe_server.sessions) == 1


def test_a_key_with_another_order_is_refused(stripe_server: FakeStripe) -> None:
    account().create_checkout(ORDER, key="session-1")
    with pytest.raises(ProviderRefusedError):
        account().create_checkout(replace(ORDER, amount_cents=1), key="session-1")


def test_a_page_that_was_closed_cannot_be_paid(stripe_server: FakeStripe) -> None:
    opened = account().create_checkout(ORDER, key="session-1")
    assert account().expire_checkout(opened.id).status == "expired"
    with pytest.raises(ProviderRefusedError, match="open"):
        account().expire_checkout(opened.id)


def test_money_is_sent_back_once_per_key(stripe_server: FakeStripe) -> None:
    opened = account().create_checkout(ORDER, key="session-1")
    stripe_server.pay(opened.id)
    intent = account().get_checkout(opened.id).payment_intent_id
    for _time in range(2):
        refund = account().refund(intent, 4990, reference=ORDER.reference, key="refund-1")
        assert (refund.status, refund.amount_cents) == ("succeeded", 4990)
    assert account().get_checkout(opened.id).refunded_cents == 4990
    assert len(stripe_server.refunds) == 1
    with pytest.raises(ProviderRefusedError, match="already been refunded") as refusal:
        account().refund(intent, 4990, reference=ORDER.reference, key="refund-2")
    assert refusal.value.code == "charge_already_refunded"


def test_refunds_under_way_and_refused_ones_are_told_apart(stripe_server: FakeStripe) -> None:
    stripe_server.refunds_settle = False
    opened = account().create_checkout(ORDER, key="session-1")
    stripe_server.pay(opened.id)
    refund = account().refund(account().get_checkout(opened.id).payment_intent_id, 4990, reference="x", key="refund-1")
    assert refund.is_pending
    seen = account().get_checkout(opened.id)
    assert (seen.refunded_cents, seen.pending_refund_cents) == (0, 4990)
    stripe_server.refund_settles(refund.id, "failed")
    seen = account().get_checkout(opened.id)
    assert seen.pending_refund_cents == 0 and seen.refunds[0].is_refused


def test_an_amount_below_the_least_is_refused_in_words(stripe_server: FakeStripe) -> None:
    with pytest.raises(ProviderRefusedError, match=r"0\.50") as refusal:
        account().create_checkout(replace(ORDER, amount_cents=49), key="session-1")
    assert refusal.value.code == "amount_too_small"


def test_pix_needs_an_account_that_has_it(stripe_server: FakeStripe) -> None:
    assert account().account().has_pix
    stripe_server.has_pix = False
    assert not account().account().has_pix
    with pytest.raises(ProviderRefusedError):
        account().create_checkout(replace(ORDER, method="pix"), key="session-1")


def test_a_wrong_key_is_named(stripe_server: FakeStripe) -> None:
    with pytest.raises(ProviderKeyError):
        account("sk_test_wrong").account()


def test_whose_key_it_is_can_be_asked(stripe_server: FakeStripe) -> None:
    found = account().account()
    assert (found.id, found.name, found.country, found.is_live) == ("acct_1Teste", "Acme", "BR", False)


def test_a_lost_answer_leaves_one_page_behind(stripe_server: FakeStripe) -> None:
    stripe_server.faults = ["cut"]
    with pytest.raises(ProviderDownError) as failure:
        account().create_checkout(ORDER, key="session-1")
    assert failure.value.is_unknown
    account().create_checkout(ORDER, key="session-1")
    assert len(stripe_server.sessions) == 1


def test_nobody_there_means_nothing_happened(stripe_server: FakeStripe, settings: Settings) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(ProviderDownError) as failure:
        account().account()
    assert not failure.value.is_unknown


def test_busy_and_failing_are_told_apart(stripe_server: FakeStripe) -> None:
    stripe_server.faults = ["429", "503"]
    with pytest.raises(ProviderBusyError):
        account().account()
    with pytest.raises(ProviderDownError):
        account().account()


def test_an_account_that_keeps_failing_is_left_alone(stripe_server: FakeStripe) -> None:
    stripe_server.faults = ["503"] * 5
    for _time in range(5):
        with pytest.raises(ProviderDownError):
            account().account()
    with pytest.raises(CircuitOpenError):
        account().account()
    assert stripe_server.faults == []


EVENT = {"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_1"}}}


def test_a_signed_event_is_read() -> None:
    event = read_event(*signed(EVENT), SECRET)
    assert (event.id, event.kind) == ("evt_1", "checkout.session.completed")


def test_any_of_several_signatures_may_be_the_right_one() -> None:
    body, header = signed(EVENT)
    assert read_event(body, f"{header},v1={'0' * 64},v0=abc", SECRET).id == "evt_1"
    stamp, good = header.split(",")
    assert read_event(body, f"{stamp},v1={'0' * 64},{good}", SECRET).id == "evt_1"


@pytest.mark.parametrize("age", [301, 86_400, -301, -3600])
def test_old_and_future_signatures_are_refused(age: int) -> None:
    with pytest.raises(BadHookError):
        read_event(*signed(EVENT, at=int(time.time()) - age), SECRET)


@pytest.mark.parametrize("age", [0, 295, -295])
def test_clocks_may_differ_by_minutes(age: int) -> None:
    assert read_event(*signed(EVENT, at=int(time.time()) - age), SECRET).id == "evt_1"


@pytest.mark.parametrize(
    "header",
    ["", "t=1", "v1=abc", "t=abc,v1=abc", "t=1,v1=é", "t=٣,v1=00", f"t={10**400},v1=00", "nonsense", "t=,v1=", ",,,"],
)
def test_broken_signatures_are_refused(header: str) -> None:
    with pytest.raises(BadHookError):
        read_event(signed(EVENT)[0], header, SECRET)


def test_another_secret_a_changed_body_and_a_body_written_anew_are_refused() -> None:
    body, header = signed(EVENT)
    for changed, secret in (
        (body, SECRET + "x"),
        (body, ""),
        (body + b" ", SECRET),
        (body.replace(b", ", b","), SECRET),
        (b"\xff", SECRET),
    ):
        with pytest.raises(BadHookError):
            read_event(changed, header, secret)


@pytest.mark.parametrize(
    "event",
    [{}, {"id": "evt_1"}, {"id": 1, "type": "x"}, {"id": "e" * 256, "type": "x"}, {"id": "a\x00b", "type": "x"}, []],
)
def test_signed_bodies_that_are_no_events_are_refused(event: dict[str, object]) -> None:
    with pytest.raises(BadHookError):
        read_event(*signed(event), SECRET)
