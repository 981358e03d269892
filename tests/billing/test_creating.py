from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry, Membership, Organization, Secret
from billing.charges.creating import available_methods, create_charge
from billing.errors import ChargeError
from billing.models import MOVES, Charge, ChargeMethod, ChargeState
from billing.providers.pix import txid_of
from core.clock import now
from core.ids import uuid7
from tests.billing.brcodes import read
from tests.billing.charging import card_charge, connect_pix, connect_stripe, draft, pix_charge

pytestmark = pytest.mark.django_db


def test_a_charge_copies_its_payer_as_canonical_values(in_acme: Organization, ana: Membership) -> None:
    connect_stripe()
    charge = create_charge(draft(name="  Bia   Prado "), actor=ana)
    assert (charge.payer_name, charge.payer_phone, charge.payer_email, charge.payer_document) == (
        "Bia Prado", "+5511999998888", "bia@example.com", "52998224725",
    )  # fmt: skip
    assert (charge.state, charge.amount_cents, charge.currency) == (ChargeState.OPEN, 4990, "BRL")
    assert charge.created_by == ana
    assert AuditEntry.objects.filter(action="charge.created", actor=ana).count() == 1


def test_a_static_pix_charge_has_its_code_from_the_start(in_acme: Organization) -> None:
    charge = pix_charge()
    code = read(charge.pix_code)
    assert code.crc_is_right
    assert code.fields["54"] == "49.90"
    assert code.account["01"] == "ana@example.com"
    assert code.fields["59"] == "Acme Ltda"
    assert code.extra["05"] == charge.pix_txid == txid_of(charge.pk)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"description": ""}, "description"),
        ({"description": "x" * 201}, "description"),
        ({"amount_cents": 0}, "amount"),
        ({"amount_cents": -1}, "amount"),
        ({"amount_cents": 49}, "amount"),
        ({"amount_cents": 100_000_000}, "amount"),
        ({"phone": "123"}, "phone"),
        ({"email": "bia"}, "email"),
        ({"document": "529.982.247-24"}, "document"),
        ({"method": ChargeMethod.PIX_STRIPE}, "method"),
        ({"method": ChargeMethod.PIX_STATIC}, "method"),
        ({"method": "cash"}, "method"),
        ({"expires_at": now() - timedelta(seconds=1)}, "expires_on"),
        ({"expires_at": now() + timedelta(days=400)}, "expires_on"),
    ],
)
def test_what_cannot_be_charged_is_refused_at_its_field(
    in_acme: Organization, changes: dict[str, Any], field: str
) -> None:
    connect_stripe()
    with pytest.raises(ChargeError) as refusal:
        create_charge(draft(**changes), actor=None)
    assert refusal.value.field == field
    assert not Charge.objects.exists()


def test_pix_may_ask_for_a_single_cent(in_acme: Organization) -> None:
    assert pix_charge(amount_cents=1).amount_cents == 1


def test_contact_details_may_stay_unknown(in_acme: Organization) -> None:
    charge = pix_charge(phone="", email="", document="")
    assert (charge.payer_phone, charge.payer_email, charge.payer_document) == ("", "", "")


def test_only_what_is_set_up_is_offered(in_acme: Organization) -> None:
    assert available_methods() == []
    connect_pix()
    assert available_methods() == [ChargeMethod.PIX_STATIC]
    connect_stripe()
    assert available_methods() == [ChargeMethod.PIX_STATIC, ChargeMethod.CARD_LINK]
    connect_stripe(pix=True)
    assert available_methods() == [ChargeMethod.PIX_STATIC, ChargeMethod.CARD_LINK, ChargeMethod.PIX_STRIPE]


def test_keys_rest_encrypted(in_acme: Organization) -> None:
    connect_stripe()
    connect_pix()
    for secret in Secret.objects.all():
        assert "sk_test" not in secret.sealed and "ana@" not in secret.sealed and "whsec" not in secret.sealed


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_cents": 0},
        {"currency": "USD"},
        {"state": "paid"},
        {"state": "paid", "paid_at": now()},
        {"paid_at": now()},
        {"state": "refunded", "paid_at": now(), "confirmation": "hand"},
        {"method": "pix_static", "pix_code": ""},
    ],
)
def test_the_database_refuses_what_must_never_be(in_acme: Organization, changes: dict[str, Any]) -> None:
    charge = card_charge()
    with pytest.raises(IntegrityError), transaction.atomic():
        Charge.objects.filter(pk=charge.pk).update(**changes)


@pytest.mark.parametrize("field", ["session_id", "payment_intent_id", "refund_id", "pix_txid"])
def test_ids_of_the_outside_are_unique_within_an_organization(
    in_acme: Organization, make_organization: Any, field: str
) -> None:
    one, other = card_charge(), card_charge()
    Charge.objects.filter(pk=one.pk).update(**{field: "x_1"})
    with pytest.raises(IntegrityError), transaction.atomic():
        Charge.objects.filter(pk=other.pk).update(**{field: "x_1"})
    elsewhere = make_organization("Outra")
    Charge.unscoped.filter(pk=other.pk).update(organization_id=elsewhere.pk)
    assert Charge.unscoped.filter(pk=other.pk).update(**{field: "x_1"}) == 1


def test_every_state_is_in_the_table_of_moves() -> None:
    assert set(MOVES) == set(ChargeState)
    assert {target for targets in MOVES.values() for target in targets} <= set(ChargeState)
    assert all(state not in targets for state, targets in MOVES.items())


def test_tokens_of_pages_cannot_be_guessed(in_acme: Organization) -> None:
    tokens = {card_charge().public_token for _number in range(5)}
    assert len(tokens) == 5 and all(len(token) == 32 for token in tokens)
    assert str(uuid7()) not in tokens
