import time
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from accounts.models import Organization
from accounts.services.secrets_store import set_secret
from billing.credentials import FOCUS_TOKEN
from billing.errors import InvoiceError, NotConfiguredError
from billing.invoices import InvoiceRequest, cancel_invoice, invoice_ref, issue_invoice
from billing.models import FiscalInvoice, InvoiceState
from billing.providers.errors import ProviderBusyError, ProviderDownError, ProviderKeyError, ProviderRefusedError
from billing.providers.focus_nfe import FocusNfe, InvoiceOrder, body_of, fields_of
from billing.steps import cancel_step, issue_step
from core.tenancy import activate_organization
from sagas.definition import StepCall
from sagas.errors import PermanentStepError, StepPostponed, StepUnknown, WaitUntil
from tests.billing.charging import connect_focus
from tests.support.fake_focus import TOKEN, FakeFocus

pytestmark = pytest.mark.django_db
REASON = "O serviço não será prestado"


def request(**changes: Any) -> InvoiceRequest:
    values = {
        "ref": invoice_ref("payment:1:create_invoice"), "amount_cents": 4990, "description": "Avaliação",
        "taker_name": "Bia Prado", "taker_document": "52998224725", "taker_email": "bia@example.com",
    }  # fmt: skip
    return InvoiceRequest(**values | changes)


def call(key: str = "payment:1:create_invoice", seconds: float = 5.0) -> StepCall:
    return StepCall("payment:1", "create_invoice", 0, key, {}, {}, {}, time.monotonic() + seconds, "x")


@pytest.fixture
def ready(in_acme: Organization, focus_server: FakeFocus) -> FakeFocus:
    connect_focus()
    return focus_server


# ---- The body

ORDER = InvoiceOrder(
    "11222333000181", "", "3509502", 2, "010701", "Consulta", 9900,
    datetime(2026, 11, 20, 10, tzinfo=ZoneInfo("America/Sao_Paulo")), "Ana Silva", "52998224725", "ana@example.com",
)  # fmt: skip


def test_the_body_of_a_mei_is_the_documented_one() -> None:
    assert orjson.loads(body_of(fields_of(ORDER), 9900)) == {
        "data_emissao": "2026-11-20T10:00:00-0300", "data_competencia": "2026-11-20", "emitente_dps": 1,
        "codigo_municipio_emissora": 3509502, "cnpj_prestador": "11222333000181", "codigo_opcao_simples_nacional": 2,
        "regime_especial_tributacao": 0, "cpf_tomador": "52998224725", "razao_social_tomador": "Ana Silva",
        "email_tomador": "ana@example.com", "codigo_municipio_prestacao": 3509502,
        "codigo_tributacao_nacional_iss": "010701", "descricao_servico": "Consulta", "valor_servico": 99.00,
        "tributacao_iss": 1, "tipo_retencao_iss": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cents", "digits"), [(1, b"0.01"), (10, b"0.10"), (4990, b"49.90"), (9900, b"99.00"), (10**9 + 1, b"10000000.01")]
)
def test_the_amount_is_written_to_the_cent(cents: int, digits: bytes) -> None:
    assert b'"valor_servico":' + digits + b"}" in body_of({"a": 1}, cents)


def test_companies_small_firms_and_unknown_takers() -> None:
    company = fields_of(replace(ORDER, taker_document="11222333000181", tax_regime=3, municipal_registration="123"))
    assert company["cnpj_tomador"] == "11222333000181" and "cpf_tomador" not in company
    assert company["regime_tributario_simples_nacional"] == 1 and company["inscricao_municipal_prestador"] == "123"
    unknown = fields_of(replace(ORDER, taker_document=""))
    assert not [name for name in unknown if name.endswith("_tomador")]


# ---- Issuing


def test_an_invoice_is_issued_once(ready: FakeFocus) -> None:
    assert issue_invoice(request()).state == InvoiceState.PROCESSING
    done = issue_invoice(request())
    assert (done.state, done.number, done.verification_code, done.url) == (
        InvoiceState.AUTHORISED, "1", "ABC1", "https://nfse.example/1",
    )  # fmt: skip
    assert done.pdf_url == f"{ready.url}/arquivos/1.pdf" and done.issued_at
    issue_invoice(request())
    assert ready.issued == {done.ref: 1} and ready.calls["POST"] == 1
    assert ready.bodies[done.ref]["valor_servico"] == "49.90"


def test_the_city_hall_may_take_its_time(ready: FakeFocus) -> None:
    ready.decides_at_once = False
    for _time in range(3):
        assert issue_invoice(request()).state == InvoiceState.PROCESSING
    ready.decide(request().ref)
    assert issue_invoice(request()).state == InvoiceState.AUTHORISED
    assert ready.calls["POST"] == 1


@pytest.mark.parametrize("fault", ["cut", "cut_before"])
def test_a_lost_answer_makes_no_second_invoice(ready: FakeFocus, fault: str) -> None:
    ready.faults = [fault]
    with pytest.raises(ProviderDownError) as failure:
        issue_invoice(request())
    assert failure.value.is_unknown
    issue_invoice(request())
    assert issue_invoice(request()).state == InvoiceState.AUTHORISED
    assert ready.issued == {request().ref: 1}


def test_a_row_that_was_lost_finds_the_invoice_again(ready: FakeFocus) -> None:
    issue_invoice(request())
    FiscalInvoice.objects.all().delete()
    assert issue_invoice(request()).state == InvoiceState.AUTHORISED
    assert ready.issued == {request().ref: 1}


def test_a_refusal_of_the_city_hall_is_given_in_its_words(ready: FakeFocus) -> None:
    ready.refuses = "Código de serviço não habilitado"
    assert issue_invoice(request()).state == InvoiceState.PROCESSING
    with pytest.raises(ProviderRefusedError, match="não habilitado"):
        issue_invoice(request())
    assert ready.calls["POST"] == 1
    assert FiscalInvoice.objects.get().state == InvoiceState.REFUSED


def test_after_the_settings_were_put_right_the_same_reference_is_sent_again(ready: FakeFocus) -> None:
    ready.refuses = "Código de serviço não habilitado"
    issue_invoice(request())
    with pytest.raises(ProviderRefusedError):
        issue_invoice(request())
    ready.refuses = ""
    connect_focus(service_code="010801")
    issue_invoice(request())
    done = issue_invoice(request())
    assert done.state == InvoiceState.AUTHORISED and done.errors == []
    assert ready.bodies[done.ref]["codigo_tributacao_nacional_iss"] == "010801"
    assert FiscalInvoice.objects.count() == 1


def test_a_body_that_focus_refuses_is_a_refusal(ready: FakeFocus) -> None:
    connect_focus(provider_document="11222333000181", service_code="")
    with pytest.raises(NotConfiguredError):
        issue_invoice(request())
    assert not FiscalInvoice.objects.exists()


def test_a_wrong_token_is_named_and_changes_nothing(ready: FakeFocus) -> None:
    set_secret(FOCUS_TOKEN, "wrong", actor=None)
    with pytest.raises(ProviderKeyError):
        issue_invoice(request())
    assert FiscalInvoice.objects.get().state == InvoiceState.NEW
    set_secret(FOCUS_TOKEN, TOKEN, actor=None)
    issue_invoice(request())
    assert issue_invoice(request()).state == InvoiceState.AUTHORISED


def test_busy_failing_and_unreadable_are_told_apart(ready: FakeFocus) -> None:
    access = FocusNfe(TOKEN, environment="homologacao", organization_id="x")
    ready.faults = ["429", "503", "html"]
    with pytest.raises(ProviderBusyError):
        access.query("a1")
    with pytest.raises(ProviderDownError):
        access.query("a1")
    with pytest.raises(ProviderDownError):
        access.query("a1")
    access.check()


def test_test_and_real_are_different_places() -> None:
    settings_free = FocusNfe("t", environment="producao", organization_id="x")
    assert settings_free._base == "https://api.focusnfe.com.br"
    assert FocusNfe("t", environment="homologacao", organization_id="x")._base == "https://homologacao.focusnfe.com.br"


def test_references_differ_by_organization_and_step_and_undoing_finds_them(
    in_acme: Organization, make_organization: Any
) -> None:
    ref = invoice_ref("payment:1:create_invoice")
    assert ref.isalnum() and len(ref) <= 50
    assert ref == invoice_ref("payment:1:create_invoice:undo") != invoice_ref("payment:1:create_invoice#2")
    with activate_organization(make_organization("Outra").pk):
        assert invoice_ref("payment:1:create_invoice") != ref


# ---- Cancelling


def test_an_invoice_is_cancelled_once(ready: FakeFocus) -> None:
    issue_invoice(request())
    for _time in range(2):
        done = cancel_invoice(request().ref, reason=REASON)
        assert done is not None and done.state == InvoiceState.CANCELLED and done.cancelled_at
    assert ready.cancelled == {request().ref: 1}
    with pytest.raises(InvoiceError):
        issue_invoice(request())


def test_what_never_was_needs_no_cancelling(ready: FakeFocus) -> None:
    assert cancel_invoice("nobody", reason=REASON) is None
    ready.faults = ["cut_before"]
    with pytest.raises(ProviderDownError):
        issue_invoice(request())
    done = cancel_invoice(request().ref, reason=REASON)
    assert done is not None and done.state == InvoiceState.CANCELLED
    assert not ready.cancelled
    with pytest.raises(InvoiceError):
        issue_invoice(request())


def test_while_the_city_hall_thinks_nothing_can_be_cancelled(ready: FakeFocus) -> None:
    ready.decides_at_once = False
    issue_invoice(request())
    with pytest.raises(ProviderBusyError):
        cancel_invoice(request().ref, reason=REASON)
    ready.decide(request().ref)
    cancel_invoice(request().ref, reason=REASON)
    assert ready.cancelled == {request().ref: 1}


def test_a_city_that_does_not_cancel_by_machine_is_a_refusal(ready: FakeFocus) -> None:
    issue_invoice(request())
    ready.refuses_cancelling = "Prazo de cancelamento expirado"
    with pytest.raises(ProviderRefusedError, match="Prazo"):
        cancel_invoice(request().ref, reason=REASON)
    assert FiscalInvoice.objects.get().state == InvoiceState.AUTHORISED


def test_a_lost_answer_to_a_cancellation_is_asked_about(ready: FakeFocus) -> None:
    issue_invoice(request())
    issue_invoice(request())
    ready.faults = ["", "cut"]
    with pytest.raises(ProviderDownError):
        cancel_invoice(request().ref, reason=REASON)
    done = cancel_invoice(request().ref, reason="curto")
    assert done is not None and done.state == InvoiceState.CANCELLED and ready.cancelled == {request().ref: 1}


# ---- As steps


def test_a_step_waits_for_the_city_hall_and_then_answers(ready: FakeFocus) -> None:
    with pytest.raises(WaitUntil):
        issue_step(call(), request())
    assert issue_step(call(), request())["number"] == "1"
    cancel_step(call("payment:1:create_invoice:undo"), REASON)
    assert ready.cancelled == {request().ref: 1}


def test_what_goes_wrong_reaches_the_orchestrator_in_its_own_words(ready: FakeFocus) -> None:
    ready.faults = ["429"]
    with pytest.raises(StepPostponed):
        issue_step(call(), request())
    ready.faults = ["", "cut"]
    with pytest.raises(StepUnknown):
        issue_step(call(), request())
    ready.faults = []
    ready.refuses = "não"
    with pytest.raises(WaitUntil):
        issue_step(call(), request(ref="other"))
    with pytest.raises(PermanentStepError):
        issue_step(call(), request(ref="other"))
