from collections import Counter
from datetime import timedelta

import pytest
import time_machine

from accounts.models import AuditEntry, Membership, Organization
from accounts.services.secrets_store import set_secret
from billing.charges.checkout import open_checkout
from billing.charges.closing import cancel_charge, expire_charge
from billing.charges.confirming import confirm_by_hand, record_refund_by_hand
from billing.charges.creating import create_charge
from billing.charges.looking import look
from billing.charges.refunding import request_refund, send_refund
from billing.credentials import STRIPE_KEY
from billing.errors import ChargeStateError, NotConfiguredError
from billing.jobs import expire_charges, look_at_open_pages, resume_refunds
from billing.models import Charge, ChargeMethod, ChargeProblem, ChargeState, Confirmation
from billing.providers.errors import ProviderDownError, ProviderRefusedError
from billing.providers.stripe import Checkout, CheckoutOrder, StripeAccount
from core.clock import now
from tests.billing.charging import again, card_charge, connect_stripe, draft, pix_charge
from tests.support.fake_stripe import FakeStripe
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def charge(in_acme: Organization, stripe_server: FakeStripe) -> Charge:
    return card_charge()


@pytest.fixture
def paid(charge: Charge, stripe_server: FakeStripe) -> Charge:
    open_checkout(charge.pk)
    stripe_server.pay(again(charge).session_id or "")
    look(charge.pk)
    return again(charge)


# ---- The page at Stripe


def test_two_clicks_open_one_page(charge: Charge, stripe_server: FakeStripe) -> None:
    assert open_checkout(charge.pk) == open_checkout(charge.pk)
    assert len(stripe_server.sessions) == 1
    session = next(iter(stripe_server.sessions.values()))
    assert (session["amount_total"], session["client_reference_id"]) == (4990, str(charge.pk))


def test_a_lost_answer_is_asked_again_word_for_word(charge: Charge, stripe_server: FakeStripe) -> None:
    stripe_server.faults = ["cut"]
    with pytest.raises(ProviderDownError):
        open_checkout(charge.pk)
    assert open_checkout(charge.pk) == next(iter(stripe_server.sessions.values()))["url"]
    assert len(stripe_server.sessions) == 1 == again(charge).session_number


def test_after_a_page_has_expired_there_is_a_new_one(charge: Charge, stripe_server: FakeStripe) -> None:
    first = open_checkout(charge.pk)
    stripe_server.expire(again(charge).session_id or "")
    assert open_checkout(charge.pk) != first
    assert again(charge).session_number == 2 == len(stripe_server.sessions)


def test_a_page_lives_for_a_day_at_most(charge: Charge, stripe_server: FakeStripe) -> None:
    open_checkout(charge.pk)
    ends = again(charge).session_expires_at
    assert ends is not None and timedelta(hours=23) < ends - now() < timedelta(hours=24)


def test_a_page_for_the_last_minutes_still_lives_half_an_hour(in_acme: Organization, stripe_server: FakeStripe) -> None:
    charge = card_charge(expires_at=now() + timedelta(minutes=2))
    assert open_checkout(charge.pk).startswith("https://checkout.stripe.com/")


def test_while_the_bank_thinks_there_is_no_second_page(charge: Charge, stripe_server: FakeStripe) -> None:
    open_checkout(charge.pk)
    stripe_server.pay_later(again(charge).session_id or "")
    with pytest.raises(ChargeStateError, match=r"confirm|being"):
        open_checkout(charge.pk)
    assert len(stripe_server.sessions) == 1


@pytest.mark.parametrize("state", ["expired", "cancelled"])
def test_what_is_closed_opens_no_page(charge: Charge, stripe_server: FakeStripe, state: str) -> None:
    Charge.objects.filter(pk=charge.pk).update(state=state)
    with pytest.raises(ChargeStateError):
        open_checkout(charge.pk)
    assert not stripe_server.sessions


def test_a_charge_closed_while_its_page_was_made_leaves_no_open_page(
    charge: Charge, stripe_server: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = StripeAccount.create_checkout

    def slowly(self: StripeAccount, order: CheckoutOrder, *, key: str) -> Checkout:
        opened = create(self, order, key=key)
        Charge.objects.filter(pk=charge.pk).update(state=ChargeState.CANCELLED)
        return opened

    monkeypatch.setattr(StripeAccount, "create_checkout", slowly)
    with pytest.raises(ChargeStateError):
        open_checkout(charge.pk)
    assert [session["status"] for session in stripe_server.sessions.values()] == ["expired"]


def test_pix_by_stripe_asks_for_pix(in_acme: Organization, stripe_server: FakeStripe) -> None:
    connect_stripe(pix=True)
    charge = create_charge(draft(method=ChargeMethod.PIX_STRIPE), actor=None)
    stripe_server.has_pix = False
    with pytest.raises(ProviderRefusedError):
        open_checkout(charge.pk)
    stripe_server.has_pix = True
    assert open_checkout(charge.pk)


def test_a_static_pix_charge_has_no_page_at_stripe(in_acme: Organization, stripe_server: FakeStripe) -> None:
    with pytest.raises(ChargeStateError):
        open_checkout(pix_charge().pk)


def test_without_a_key_there_is_no_page(charge: Charge) -> None:
    set_secret(STRIPE_KEY, "", actor=None)
    with pytest.raises(NotConfiguredError):
        open_checkout(charge.pk)


# ---- Closing


def test_cancelling_closes_the_page_first(charge: Charge, ana: Membership, stripe_server: FakeStripe) -> None:
    open_checkout(charge.pk)
    cancel_charge(charge.pk, actor=ana)
    assert again(charge).state == ChargeState.CANCELLED and again(charge).cancelled_at
    assert next(iter(stripe_server.sessions.values()))["status"] == "expired"
    assert AuditEntry.objects.filter(action="charge.cancelled", actor=ana).count() == 1


def test_what_was_paid_meanwhile_is_not_cancelled(charge: Charge, ana: Membership, stripe_server: FakeStripe) -> None:
    open_checkout(charge.pk)
    stripe_server.pay(again(charge).session_id or "")
    with pytest.raises(ChargeStateError):
        cancel_charge(charge.pk, actor=ana)
    assert again(charge).state == ChargeState.PAID


def test_nothing_is_cancelled_that_might_still_be_paid(
    charge: Charge, ana: Membership, stripe_server: FakeStripe
) -> None:
    open_checkout(charge.pk)
    stripe_server.faults = ["503"]
    with pytest.raises(ProviderDownError):
        cancel_charge(charge.pk, actor=ana)
    assert again(charge).state == ChargeState.OPEN


def test_a_charge_expires_with_its_day(charge: Charge, stripe_server: FakeStripe) -> None:
    open_checkout(charge.pk)
    expire_charges()
    assert again(charge).state == ChargeState.OPEN
    with time_machine.travel(now() + timedelta(days=4), tick=False):
        expire_charges()
    assert again(charge).state == ChargeState.EXPIRED
    assert next(iter(stripe_server.sessions.values()))["status"] == "expired"


def test_what_was_paid_in_time_does_not_expire(charge: Charge, stripe_server: FakeStripe) -> None:
    open_checkout(charge.pk)
    stripe_server.pay(again(charge).session_id or "")
    Charge.objects.filter(pk=charge.pk).update(expires_at=now() - timedelta(seconds=1))
    expire_charges()
    assert again(charge).state == ChargeState.PAID


def test_expiry_waits_for_stripe_but_not_for_a_key_that_is_gone(charge: Charge, stripe_server: FakeStripe) -> None:
    open_checkout(charge.pk)
    Charge.objects.filter(pk=charge.pk).update(expires_at=now() - timedelta(seconds=1))
    stripe_server.faults = ["503"]
    assert not expire_charge(charge.pk)
    assert again(charge).state == ChargeState.OPEN
    set_secret(STRIPE_KEY, "", actor=None)
    assert expire_charge(charge.pk)


def test_a_static_pix_charge_expires_by_the_clock_alone(in_acme: Organization) -> None:
    charge = pix_charge()
    Charge.objects.filter(pk=charge.pk).update(expires_at=now() - timedelta(seconds=1))
    assert expire_charge(charge.pk) and again(charge).state == ChargeState.EXPIRED
    assert not expire_charge(charge.pk)


def test_lost_webhooks_are_made_up_for(charge: Charge, stripe_server: FakeStripe) -> None:
    open_checkout(charge.pk)
    stripe_server.pay(again(charge).session_id or "")
    look_at_open_pages()
    drain()
    assert again(charge).state == ChargeState.PAID


# ---- By hand


def test_static_pix_is_confirmed_by_hand_once(in_acme: Organization, ana: Membership, said: Counter[str]) -> None:
    charge = pix_charge()
    for _time in range(2):
        confirm_by_hand(charge.pk, actor=ana)
    done = again(charge)
    assert (done.state, done.confirmation, done.confirmed_by, done.received_cents) == (
        ChargeState.PAID, Confirmation.HAND, ana, 4990,
    )  # fmt: skip
    assert said["ChargePaid"] == 1
    assert AuditEntry.objects.filter(action="charge.confirmed").count() == 1


def test_late_pix_can_be_confirmed_too(in_acme: Organization, ana: Membership) -> None:
    charge = pix_charge()
    Charge.objects.filter(pk=charge.pk).update(state=ChargeState.EXPIRED)
    assert confirm_by_hand(charge.pk, actor=ana).state == ChargeState.PAID


def test_what_stripe_confirms_nobody_confirms_by_hand(charge: Charge, ana: Membership) -> None:
    with pytest.raises(ChargeStateError):
        confirm_by_hand(charge.pk, actor=ana)
    with pytest.raises(ChargeStateError):
        record_refund_by_hand(charge.pk, actor=ana)
    assert again(charge).state == ChargeState.OPEN


def test_static_pix_goes_back_by_hand(in_acme: Organization, ana: Membership, said: Counter[str]) -> None:
    charge = pix_charge()
    with pytest.raises(ChargeStateError):
        record_refund_by_hand(charge.pk, actor=ana)
    confirm_by_hand(charge.pk, actor=ana)
    asked = request_refund(charge.pk, actor=ana)
    assert (asked.state, asked.problem) == (ChargeState.REFUNDING, ChargeProblem.REFUND_BY_HAND)
    for _time in range(2):
        record_refund_by_hand(charge.pk, actor=ana)
    done = again(charge)
    assert (done.state, done.problem, done.refunded_cents) == (ChargeState.REFUNDED, "", 4990)
    assert said["ChargeRefunded"] == 1
    with pytest.raises(ChargeStateError):
        confirm_by_hand(charge.pk, actor=ana)


# ---- Refunds by Stripe


def test_a_refund_is_sent_by_a_worker_once(
    paid: Charge, ana: Membership, stripe_server: FakeStripe, said: Counter[str]
) -> None:
    for _time in range(2):
        assert request_refund(paid.pk, actor=ana).state == ChargeState.REFUNDING
    drain()
    resume_refunds()
    drain()
    done = again(paid)
    assert (done.state, done.refunded_cents, len(stripe_server.refunds)) == (ChargeState.REFUNDED, 4990, 1)
    assert said["ChargeRefunded"] == 1
    look(paid.pk)
    assert again(paid).state == ChargeState.REFUNDED


def test_a_refund_whose_answer_was_lost_is_not_sent_twice(
    paid: Charge, ana: Membership, stripe_server: FakeStripe
) -> None:
    request_refund(paid.pk, actor=ana)
    stripe_server.faults = ["cut"]
    with pytest.raises(ProviderDownError):
        send_refund(paid.pk)
    assert again(paid).state == ChargeState.REFUNDING
    assert send_refund(paid.pk).state == ChargeState.REFUNDED
    assert len(stripe_server.refunds) == 1


def test_a_refund_under_way_waits_for_the_bank(paid: Charge, ana: Membership, stripe_server: FakeStripe) -> None:
    stripe_server.refunds_settle = False
    request_refund(paid.pk, actor=ana)
    drain()
    assert again(paid).state == ChargeState.REFUNDING
    stripe_server.refund_settles(again(paid).refund_id or "")
    look(paid.pk)
    assert again(paid).state == ChargeState.REFUNDED


def test_a_refused_refund_can_be_asked_for_again(paid: Charge, ana: Membership, stripe_server: FakeStripe) -> None:
    stripe_server.refunds_settle = False
    request_refund(paid.pk, actor=ana)
    drain()
    stripe_server.refund_settles(again(paid).refund_id or "", "failed")
    look(paid.pk)
    assert (again(paid).state, again(paid).problem) == (ChargeState.PAID, ChargeProblem.REFUND_REFUSED)
    stripe_server.refunds_settle = True
    request_refund(paid.pk, actor=ana)
    look(paid.pk)
    assert again(paid).state == ChargeState.REFUNDING, "the old refusal says nothing about the new try"
    drain()
    assert (again(paid).state, len(stripe_server.refunds)) == (ChargeState.REFUNDED, 2)


def test_money_that_went_back_at_stripe_is_not_sent_again(
    paid: Charge, ana: Membership, stripe_server: FakeStripe
) -> None:
    request_refund(paid.pk, actor=ana)
    stripe_server.refund_from_dashboard(paid.session_id or "")
    drain()
    assert (again(paid).state, len(stripe_server.refunds)) == (ChargeState.REFUNDED, 1)


def test_what_the_payer_disputes_is_not_refunded(paid: Charge, ana: Membership, stripe_server: FakeStripe) -> None:
    stripe_server.dispute(paid.session_id or "")
    look(paid.pk)
    with pytest.raises(ChargeStateError):
        request_refund(paid.pk, actor=ana)
    assert not stripe_server.refunds


def test_what_was_not_paid_is_not_refunded(charge: Charge, ana: Membership) -> None:
    with pytest.raises(ChargeStateError):
        request_refund(charge.pk, actor=ana)
    assert again(charge).state == ChargeState.OPEN
