"""Charges and their surroundings for the tests of billing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from accounts.services.secrets_store import set_secret
from billing.charges.creating import ChargeDraft, create_charge
from billing.credentials import FOCUS_TOKEN, PIX_KEY, STRIPE_HOOK, STRIPE_KEY, fiscal_settings, payment_settings
from billing.models import Charge, ChargeMethod, FiscalSettings
from core.clock import now
from tests.support.fake_focus import TOKEN
from tests.support.fake_stripe import KEY, SECRET


def connect_stripe(*, pix: bool = False) -> None:
    set_secret(STRIPE_KEY, KEY, actor=None)
    set_secret(STRIPE_HOOK, SECRET, actor=None)
    settings = payment_settings()
    settings.stripe_pix = pix
    settings.save()


def connect_pix(key: str = "ana@example.com") -> None:
    set_secret(PIX_KEY, key, actor=None)
    settings = payment_settings()
    settings.pix_name, settings.pix_city = "Acme Ltda", "Campinas"
    settings.save()


def draft(**changes: Any) -> ChargeDraft:
    values: dict[str, Any] = {
        "name": "Bia Prado",
        "amount_cents": 4990,
        "description": "Avaliação",
        "method": ChargeMethod.CARD_LINK,
        "expires_at": now() + timedelta(days=3),
        "phone": "(11) 99999-8888",
        "email": "Bia@Example.com",
        "document": "529.982.247-25",
    }
    return ChargeDraft(**values | changes)


def card_charge(**changes: Any) -> Charge:
    connect_stripe()
    return create_charge(draft(**changes), actor=None)


def pix_charge(**changes: Any) -> Charge:
    connect_pix()
    return create_charge(draft(method=ChargeMethod.PIX_STATIC, **changes), actor=None)


def again(charge: Charge | UUID) -> Charge:
    found: Charge = Charge.objects.get(pk=charge.pk if isinstance(charge, Charge) else charge)
    return found


def connect_focus(**changes: Any) -> FiscalSettings:
    set_secret(FOCUS_TOKEN, TOKEN, actor=None)
    settings = fiscal_settings()
    values = {
        "issue_at": "payment",
        "provider_document": "11222333000181",
        "municipality_code": "3509502",
        "service_code": "010701",
    }
    for name, value in (values | changes).items():
        setattr(settings, name, value)
    settings.save()
    return settings
