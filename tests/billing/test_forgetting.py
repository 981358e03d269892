import pytest

from accounts.models import Organization
from billing.charges.closing import cancel_charge
from billing.charges.confirming import confirm_by_hand
from billing.charges.forgetting import forget_payers
from billing.models import FiscalInvoice
from tests.billing.charging import again, pix_charge

pytestmark = pytest.mark.django_db


def test_who_never_paid_is_forgotten_wholly(in_acme: Organization) -> None:
    charge = pix_charge()
    cancel_charge(charge.pk, actor=None)
    forget_payers([charge.pk])
    row = again(charge)
    assert not any((row.payer_name, row.payer_phone, row.payer_email, row.payer_document))
    assert row.search == "avaliacao" and row.amount_cents == 4990


def test_who_paid_keeps_what_the_law_asks_for(in_acme: Organization) -> None:
    charge, other = pix_charge(), pix_charge()
    confirm_by_hand(charge.pk, actor=None)
    FiscalInvoice.objects.create(
        ref="a1", charge=charge, amount_cents=4990, taker_email="bia@example.com",
        payload={"cpf_tomador": "52998224725", "email_tomador": "bia@example.com"},
    )  # fmt: skip
    forget_payers([charge.pk])
    row, invoice = again(charge), FiscalInvoice.objects.get()
    assert (row.payer_name, row.payer_document, row.payer_phone, row.payer_email) == (
        "Bia Prado",
        "52998224725",
        "",
        "",
    )
    assert invoice.payload == {"cpf_tomador": "52998224725"} and not invoice.taker_email
    assert again(other).payer_phone, "nobody else is touched"
