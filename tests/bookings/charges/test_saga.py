"""``collect_payment`` over a Stripe and a Focus NFe that count what they are asked."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization
from billing.charges.checkout import open_checkout
from billing.charges.closing import expire_charge
from billing.charges.confirming import confirm_by_hand, record_refund_by_hand
from billing.charges.refunding import request_refund
from billing.models import Charge, ChargeProblem, ChargeState, FiscalInvoice, InvoiceState
from bookings.charges import receipts
from bookings.charges.models import PaymentReceipt
from bookings.charges.process import StillDrivenError, follow
from bookings.charges.saga import collect_payment
from bookings.charges.services import Occasion, ask_payment, cancel_charge, give_back
from core.clock import now
from gateways.models import Channel
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import orchestrator
from tests.billing.charging import again, connect_focus, connect_stripe, draft
from tests.bookings.charges.collecting import (
    mails,
    pay_at_stripe,
    process,
    receipts_written,
    stripe_tells,
    time_passes,
)
from tests.support.fake_focus import TOKEN, FakeFocus
from tests.support.fake_stripe import FakeStripe
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Ask = Callable[..., Charge]


def test_the_steps_are_those_that_were_agreed() -> None:
    steps = [(s.name, s.timeout, s.retry_count, s.compensation is not None) for s in collect_payment.steps]
    assert steps == [("process_payment", 15, 3, True), ("create_invoice", 5, 2, True), ("notify_payment", 5, 1, False)]


# ---- Success


def test_a_card_payment_is_invoiced_and_confirmed(
    ask_card: Ask, stripe_server: FakeStripe, focus_server: FakeFocus, simulator: Channel
) -> None:
    connect_focus()
    charge = ask_card()
    drain()
    assert process(charge).wait_reason and len(stripe_server.sessions) == 1, "the page is open before anybody comes"
    pay_at_stripe(stripe_server, charge)
    time_passes()
    done = process(charge)
    assert (done.state, done.steps_completed) == (SagaState.SUCCEEDED, collect_payment.step_names)
    invoice = FiscalInvoice.objects.get()
    assert (invoice.state, invoice.charge_id, invoice.taker_document) == ("authorised", charge.pk, "52998224725")
    assert focus_server.issued == {invoice.ref: 1}
    [text] = receipts_written()
    assert "R$ 49,90" in text and invoice.url in text
    assert mails() == ["bia@example.com: Pagamento de R$ 49,90 recebido por Acme"]
    assert not stripe_server.refunds


def test_a_pix_by_hand_needs_nobody_outside(ask_pix: Ask, ana: Any, simulator: Channel) -> None:
    charge = ask_pix()
    drain()
    assert process(charge).state == SagaState.IN_PROGRESS
    for _time in range(2):
        confirm_by_hand(charge.pk, actor=ana)
        drain()
    done = process(charge)
    assert done.state == SagaState.SUCCEEDED and done.results()["create_invoice"] == {"skipped": "not_wanted"}
    assert len(receipts_written()) == len(mails()) == 1


def test_without_chat_and_address_there_is_simply_no_receipt(ask_pix: Ask) -> None:
    charge = ask_pix(email="")
    drain()
    confirm_by_hand(charge.pk, actor=None)
    drain()
    assert process(charge).results()["notify_payment"] == {"whatsapp": False, "email": False}
    assert not mails()


def test_who_asked_not_to_be_written_to_gets_the_receipt_by_mail_alone(
    ask_pix: Ask, rita: Any, simulator: Channel
) -> None:
    rita.opted_out_at = now()
    rita.save()
    charge = ask_pix()
    confirm_by_hand(charge.pk, actor=None)
    drain()
    assert not receipts_written() and len(mails()) == 1


# ---- Waiting


def test_nothing_is_spent_while_nobody_pays(ask_card: Ask, stripe_server: FakeStripe) -> None:
    charge = ask_card()
    time_passes(6)
    waiting = process(charge)
    assert (waiting.state, waiting.attempt, waiting.interruptions) == (SagaState.IN_PROGRESS, 0, 0)
    assert stripe_server.calls["POST /v1/checkout/sessions"] == 1


def test_an_expired_charge_ends_the_process_and_undoes_nothing(ask_pix: Ask) -> None:
    charge = ask_pix()
    drain()
    Charge.objects.update(expires_at=now())
    assert expire_charge(charge.pk)
    drain()
    ended = process(charge)
    assert (ended.state, ended.compensation_performed, ended.error) == (
        SagaState.FAILED,
        False,
        "O prazo para pagar passou.",
    )


def test_a_withdrawn_charge_ends_the_process(ask_card: Ask, stripe_server: FakeStripe) -> None:
    charge = ask_card()
    drain()
    cancel_charge(charge.pk, actor=None)
    drain()
    assert process(charge).state == SagaState.FAILED
    assert [session["status"] for session in stripe_server.sessions.values()] == ["expired"]


def test_late_money_is_money_and_gets_its_receipt(ask_pix: Ask, simulator: Channel) -> None:
    charge = ask_pix()
    drain()
    Charge.objects.update(expires_at=now())
    expire_charge(charge.pk)
    drain()
    confirm_by_hand(charge.pk, actor=None)
    drain()
    assert process(charge).state == SagaState.SUCCEEDED and len(receipts_written()) == 1


def test_an_event_that_meets_a_driver_comes_again(ask_pix: Ask) -> None:
    charge = ask_pix()
    drain()
    SagaExecution.objects.update(lease_until=now().replace(year=now().year + 1))
    with pytest.raises(StillDrivenError):
        follow(charge.pk)


def test_webhooks_in_any_order_and_number_mean_the_same(
    ask_card: Ask, stripe_server: FakeStripe, simulator: Channel
) -> None:
    charge = ask_card()
    drain()
    charge.refresh_from_db()
    stripe_server.pay(charge.session_id or "")
    stripe_server.events = [*reversed(stripe_server.events), *stripe_server.events]
    for _time in range(2):
        stripe_tells(stripe_server)
    time_passes()
    assert process(charge).state == SagaState.SUCCEEDED
    assert len(receipts_written()) == len(mails()) == 1


# ---- Failure at each step


def test_a_charge_that_stripe_refuses_says_so_and_is_collected_once_that_is_put_right(
    ask_card: Ask, stripe_server: FakeStripe
) -> None:
    right, stripe_server.key = stripe_server.key, "sk_test_another"
    charge = ask_card()
    drain()
    failed = process(charge)
    assert (failed.state, failed.failed_step) == (SagaState.FAILED, "process_payment")
    assert "Stripe" in failed.error and not stripe_server.sessions
    stripe_server.key = right
    open_checkout(charge.pk)
    pay_at_stripe(stripe_server, charge)
    time_passes()
    assert process(charge).state == SagaState.SUCCEEDED and not stripe_server.refunds


def test_a_stripe_that_is_down_only_delays(ask_card: Ask, stripe_server: FakeStripe) -> None:
    stripe_server.faults = ["503"] * 3
    charge = ask_card()
    time_passes(5)
    assert process(charge).state == SagaState.IN_PROGRESS
    assert len(stripe_server.sessions) == 1


def test_a_lost_answer_opens_no_second_page(ask_card: Ask, stripe_server: FakeStripe) -> None:
    stripe_server.faults = ["cut"]
    charge = ask_card()
    time_passes(3)
    pay_at_stripe(stripe_server, charge)
    assert len(stripe_server.sessions) == 1 and again(charge).state == ChargeState.PAID


def test_an_invoice_that_the_city_hall_refuses_sends_the_money_back(
    ask_card: Ask, stripe_server: FakeStripe, focus_server: FakeFocus, simulator: Channel
) -> None:
    connect_focus()
    focus_server.refuses = "Código de serviço não habilitado"
    charge = ask_card()
    drain()
    pay_at_stripe(stripe_server, charge)
    time_passes()
    failed = process(charge)
    assert (failed.state, failed.failed_step, failed.compensation_performed) == (
        SagaState.FAILED, "create_invoice", True,
    )  # fmt: skip
    assert "não habilitado" in failed.error
    assert [refund["amount"] for refund in stripe_server.refunds.values()] == [4990]
    assert again(charge).state == ChargeState.REFUNDED and not receipts_written() and not mails()


def test_a_refused_invoice_may_leave_the_payment_where_it_is(
    ask_card: Ask, stripe_server: FakeStripe, focus_server: FakeFocus
) -> None:
    connect_focus(keeps_payment=True)
    focus_server.refuses = "Código de serviço não habilitado"
    charge = ask_card()
    drain()
    pay_at_stripe(stripe_server, charge)
    time_passes()
    assert process(charge).state == SagaState.IN_PROGRESS and "não habilitado" in process(charge).wait_reason
    focus_server.refuses = ""
    connect_focus(keeps_payment=True, service_code="010801")
    time_passes(4)
    assert process(charge).state == SagaState.SUCCEEDED and not stripe_server.refunds
    assert set(focus_server.issued.values()) == {1}


def test_a_token_that_ran_out_waits_for_the_business_and_sends_nothing_back(
    ask_card: Ask, stripe_server: FakeStripe, focus_server: FakeFocus
) -> None:
    connect_focus()
    focus_server.token = "another"  # Focus knows another one by now
    charge = ask_card()
    drain()
    pay_at_stripe(stripe_server, charge)
    time_passes()
    assert process(charge).state == SagaState.IN_PROGRESS and "token" in process(charge).wait_reason
    assert not stripe_server.refunds and again(charge).state == ChargeState.PAID
    focus_server.token = TOKEN
    time_passes()
    assert process(charge).state == SagaState.SUCCEEDED


def test_a_receipt_that_cannot_be_written_undoes_invoice_and_payment(
    ask_card: Ask, stripe_server: FakeStripe, focus_server: FakeFocus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_named: Any) -> None:
        raise RuntimeError("no chat today")

    connect_focus()
    monkeypatch.setattr("bookings.charges.steps.receipt.write_receipt", broken)
    charge = ask_card()
    drain()
    pay_at_stripe(stripe_server, charge)
    time_passes(5)
    failed = process(charge)
    assert (failed.state, failed.failed_step) == (SagaState.FAILED, "notify_payment")
    assert set(focus_server.cancelled.values()) == {1} and len(stripe_server.refunds) == 1
    assert FiscalInvoice.objects.get().state == InvoiceState.CANCELLED
    assert failed.records.get(name="notify_payment", kind="do").attempts == 2


def test_a_mail_server_that_is_down_costs_nobody_the_payment(ask_pix: Ask, settings: Any, simulator: Channel) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    charge = ask_pix()
    confirm_by_hand(charge.pk, actor=None)
    drain()
    assert process(charge).state == SagaState.SUCCEEDED
    waiting = PaymentReceipt.objects.get()
    assert (waiting.mail_state, waiting.mail_attempts) == ("queued", 1) and waiting.mail_due_at > now()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    PaymentReceipt.objects.update(mail_due_at=now())
    receipts.sweep_receipts()
    drain()
    assert PaymentReceipt.objects.get().mail_state == "sent" and len(mails()) == 1


def test_a_mail_whose_sender_died_is_never_repeated(ask_pix: Ask) -> None:
    charge = ask_pix()
    confirm_by_hand(charge.pk, actor=None)
    drain()
    PaymentReceipt.objects.update(mail_state="sending", lease_until=now().replace(year=2020))
    receipts.sweep_receipts()
    drain()
    assert PaymentReceipt.objects.get().mail_state == "unknown" and len(mails()) == 1


# ---- Undoing


def test_a_refund_takes_the_invoice_back_too(
    ask_card: Ask, stripe_server: FakeStripe, focus_server: FakeFocus, ana: Any
) -> None:
    connect_focus()
    charge = ask_card()
    drain()
    pay_at_stripe(stripe_server, charge)
    time_passes()
    for _time in range(2):
        give_back(charge.pk, actor=ana)
        time_passes()
    assert process(charge).state == SagaState.FAILED and again(charge).state == ChargeState.REFUNDED
    assert set(focus_server.cancelled.values()) == {1} and len(stripe_server.refunds) == 1


def test_a_refund_made_at_stripe_takes_the_invoice_back_as_well(
    ask_card: Ask, stripe_server: FakeStripe, focus_server: FakeFocus
) -> None:
    connect_focus()
    charge = ask_card()
    drain()
    pay_at_stripe(stripe_server, charge)
    time_passes()
    stripe_server.refund_from_dashboard(again(charge).session_id or "")
    stripe_tells(stripe_server)
    time_passes()
    assert again(charge).state == ChargeState.REFUNDED
    assert set(focus_server.cancelled.values()) == {1} and len(stripe_server.refunds) == 1


def test_an_invoice_under_way_is_waited_for_and_then_cancelled(
    ask_card: Ask, stripe_server: FakeStripe, focus_server: FakeFocus, ana: Any
) -> None:
    connect_focus()
    focus_server.decides_at_once = False
    charge = ask_card()
    drain()
    pay_at_stripe(stripe_server, charge)
    time_passes()
    give_back(charge.pk, actor=ana)
    time_passes()
    assert process(charge).state == SagaState.COMPENSATING, "the city hall still thinks"
    focus_server.decide(FiscalInvoice.objects.get().ref)
    time_passes()
    assert process(charge).state == SagaState.FAILED and again(charge).state == ChargeState.REFUNDED
    assert set(focus_server.cancelled.values()) == {1}


def test_money_by_pix_goes_back_by_a_persons_hand(ask_pix: Ask, ana: Any) -> None:
    charge = ask_pix()
    confirm_by_hand(charge.pk, actor=ana)
    drain()
    give_back(charge.pk, actor=ana)
    time_passes()
    asked = again(charge)
    assert (asked.state, asked.problem) == (ChargeState.REFUNDING, ChargeProblem.REFUND_BY_HAND)
    assert "app do seu banco" in process(charge).wait_reason
    record_refund_by_hand(charge.pk, actor=ana)
    drain()
    assert process(charge).state == SagaState.FAILED and again(charge).state == ChargeState.REFUNDED


def test_a_refund_that_bounces_is_left_to_people(ask_card: Ask, stripe_server: FakeStripe, ana: Any) -> None:
    connect_stripe()
    stripe_server.refunds_settle = False
    charge = ask_card()
    drain()
    pay_at_stripe(stripe_server, charge)
    time_passes()
    give_back(charge.pk, actor=ana)
    time_passes()
    assert again(charge).state == ChargeState.REFUNDING
    stripe_server.refund_settles(next(iter(stripe_server.refunds)), "failed")
    stripe_tells(stripe_server)
    time_passes()
    stuck = process(charge)
    assert stuck.needs_attention and again(charge).problem == ChargeProblem.REFUND_REFUSED
    stripe_server.refunds_settle = True
    request_refund(charge.pk, actor=ana)
    time_passes()
    assert process(charge).state == SagaState.FAILED and not process(charge).needs_attention
    assert again(charge).state == ChargeState.REFUNDED and len(stripe_server.refunds) == 2


def test_undoing_what_nobody_has_paid_withdraws_it(ask_card: Ask, stripe_server: FakeStripe) -> None:
    charge = ask_card()
    drain()
    orchestrator.request_undo(process(charge).saga_id)
    drain()
    assert again(charge).state == ChargeState.CANCELLED and process(charge).state == SagaState.FAILED
    assert [session["status"] for session in stripe_server.sessions.values()] == ["expired"]


def test_what_is_undone_before_it_began_is_withdrawn_as_well(ask_pix: Ask) -> None:
    charge = ask_pix()
    orchestrator.request_undo(process(charge).saga_id)
    drain()
    assert again(charge).state == ChargeState.CANCELLED and process(charge).state == SagaState.FAILED


# ---- Which invoice


@pytest.mark.parametrize(("moment", "answer"), [("never", "not_wanted"), ("booking", "at_booking")])
def test_a_booking_is_invoiced_once(
    moment: str, answer: str, in_acme: Organization, focus_server: FakeFocus, ask_pix: Ask, make_booking: Any
) -> None:
    connect_focus(issue_at=moment)
    charge = ask_payment(draft(method="pix_static"), Occasion(booking=make_booking()), actor=None)
    confirm_by_hand(charge.pk, actor=None)
    time_passes()
    assert process(charge).results()["create_invoice"] == {"skipped": answer}
    assert len(focus_server.issued) <= 1, "the one of the booking's own process"


def test_a_charge_without_booking_is_invoiced_when_it_is_paid(ask_pix: Ask, focus_server: FakeFocus) -> None:
    connect_focus(issue_at="booking")
    charge = ask_pix()
    confirm_by_hand(charge.pk, actor=None)
    time_passes()
    assert set(focus_server.issued.values()) == {1} and process(charge).state == SagaState.SUCCEEDED
