"""New charges, checked; nothing here speaks to a provider."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from billing.charges.moves import tell
from billing.credentials import PIX_KEY, STRIPE_KEY, has_secret, payment_settings, pix_key
from billing.documents import InvalidDocumentError, read_document
from billing.errors import ChargeError
from billing.models import Charge, ChargeMethod
from billing.providers.pix import BrCode, brcode, txid_of
from core.clock import now
from core.ids import uuid7
from core.money import format_brl
from core.phones import InvalidPhoneError, canonical
from core.tenancy import current_organization_id
from core.text import search_text

HIGHEST_CENTS: Final = 99_999_999
LEAST_STRIPE_CENTS: Final = 50
LONGEST_LIFE: Final = timedelta(days=366)


@dataclass(frozen=True)
class ChargeDraft:
    """What is to be charged; ``phone`` and ``document`` as people type them, ``amount_cents`` in cents of real."""

    name: str
    amount_cents: int
    description: str
    method: str
    expires_at: datetime
    phone: str = ""
    email: str = ""
    document: str = ""


def available_methods() -> list[ChargeMethod]:
    """Return how the active organization can be paid, as its settings are now."""
    found, settings = [], payment_settings()
    if has_secret(PIX_KEY) and settings.pix_name and settings.pix_city:
        found.append(ChargeMethod.PIX_STATIC)
    if has_secret(STRIPE_KEY):
        found += [ChargeMethod.CARD_LINK] + ([ChargeMethod.PIX_STRIPE] if settings.stripe_pix else [])
    return found


@transaction.atomic
def create_charge(draft: ChargeDraft, *, actor: Membership | None) -> Charge:
    """Write a charge down; raises :class:`ChargeError` in words."""
    draft = _checked(draft)
    identity = uuid7()
    charge = Charge(
        id=identity,
        organization_id=current_organization_id(),
        payer_name=draft.name,
        payer_phone=draft.phone,
        payer_email=draft.email,
        payer_document=draft.document,
        amount_cents=draft.amount_cents,
        description=draft.description,
        method=draft.method,
        expires_at=draft.expires_at,
        created_by=actor,
        search=search_text(draft.name, draft.email, draft.phone, draft.document, draft.description),
    )
    if draft.method == ChargeMethod.PIX_STATIC:
        charge.pix_txid, charge.pix_code = txid_of(identity), _pix_code(draft, identity)
    charge.save(force_insert=True)
    record_audit("charge.created", actor=actor, target=str(charge), data={"cents": charge.amount_cents})
    tell(charge)
    return charge


def _pix_code(draft: ChargeDraft, identity: UUID) -> str:
    settings = payment_settings()
    return brcode(BrCode(pix_key(), settings.pix_name, settings.pix_city, draft.amount_cents, txid_of(identity)))


def _checked(draft: ChargeDraft) -> ChargeDraft:
    name, description = " ".join(draft.name.split()), " ".join(draft.description.split())
    if not name or len(name) > 120:
        raise ChargeError(_("Say who pays, in up to 120 letters."), field="name")
    if not description or len(description) > 200:
        raise ChargeError(_("Say what is charged, in up to 200 letters."), field="description")
    _check_amount(draft)
    _check_method(draft.method)
    if not now() < draft.expires_at <= now() + LONGEST_LIFE:
        raise ChargeError(_("Choose a day from today to a year from now."), field="expires_on")
    return replace(
        draft,
        name=name,
        description=description,
        phone=_phone(draft.phone),
        email=_email(draft.email),
        document=_document(draft.document),
    )


def _check_amount(draft: ChargeDraft) -> None:
    least = 1 if draft.method == ChargeMethod.PIX_STATIC else LEAST_STRIPE_CENTS
    if not least <= draft.amount_cents <= HIGHEST_CENTS:
        text = _("The amount goes from %(least)s to %(highest)s.")
        raise ChargeError(text % {"least": format_brl(least), "highest": format_brl(HIGHEST_CENTS)}, field="amount")


def _check_method(method: str) -> None:
    if method not in available_methods():
        raise ChargeError(_("This way to pay is not set up yet. See the settings."), field="method")


def _phone(text: str) -> str:
    try:
        return canonical(text).e164 if text.strip() else ""
    except InvalidPhoneError as error:
        raise ChargeError(str(error), field="phone") from error


def _email(text: str) -> str:
    try:
        if text.strip():
            validate_email(text.strip())
    except ValidationError:
        raise ChargeError(_("This is no e-mail address."), field="email") from None
    return text.strip().lower()


def _document(text: str) -> str:
    try:
        return read_document(text) if text.strip() else ""
    except InvalidDocumentError:
        raise ChargeError(
            _("The check digits do not match. Look at the CPF or CNPJ again."), field="document"
        ) from None
