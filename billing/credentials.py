"""The keys of an organization at its providers: encrypted rows of :mod:`accounts.services.secrets_store`."""

from typing import Final

from django.utils.translation import gettext as _

from accounts.models import Secret
from accounts.services.secrets_store import get_secret
from billing.errors import NotConfiguredError
from billing.models import FiscalSettings, PaymentSettings
from billing.providers.focus_nfe import FocusNfe
from billing.providers.pix import PixKey, PixKeyError, read_key
from billing.providers.stripe import StripeAccount
from core.tenancy import current_organization_id

STRIPE_KEY: Final = "stripe-key"
STRIPE_HOOK: Final = "stripe-hook"
PIX_KEY: Final = "pix-key"
FOCUS_TOKEN: Final = "focus-token"  # noqa: S105  # a name, not the token


def payment_settings() -> PaymentSettings:
    """Return how the active organization gets paid, with defaults where nobody has said yet."""
    found, _created = PaymentSettings.objects.get_or_create(organization_id=current_organization_id())
    return found


def fiscal_settings() -> FiscalSettings:
    """Return what the active organization's invoices need, with defaults where nobody has said yet."""
    found, _created = FiscalSettings.objects.get_or_create(organization_id=current_organization_id())
    return found


def hints() -> dict[str, str]:
    """Return the last letters of each key that is set, by name with underscores."""
    names = (STRIPE_KEY, STRIPE_HOOK, PIX_KEY, FOCUS_TOKEN)
    return {s.name.replace("-", "_"): s.hint for s in Secret.objects.filter(name__in=names)}


def has_secret(name: str) -> bool:
    """Tell whether a key is set, without opening it."""
    return Secret.objects.filter(name=name).exists()


def stripe_account(*, seconds: float = 10.0) -> StripeAccount:
    """Return the active organization's Stripe account; raises :class:`NotConfiguredError`."""
    key = get_secret(STRIPE_KEY)
    if not key:
        raise NotConfiguredError(_("Stripe is not connected yet. Add the key in the settings."))
    return StripeAccount(key, organization_id=str(current_organization_id()), seconds=seconds)


def focus_nfe(*, environment: str, seconds: float = 10.0) -> FocusNfe:
    """Return the active organization's access to Focus NFe; raises :class:`NotConfiguredError`."""
    token = get_secret(FOCUS_TOKEN)
    if not token:
        raise NotConfiguredError(_("Focus NFe is not connected yet. Add the token in the settings."))
    return FocusNfe(token, environment=environment, organization_id=str(current_organization_id()), seconds=seconds)


def pix_key() -> PixKey:
    """Return the active organization's Pix key; raises :class:`NotConfiguredError`."""
    try:
        return read_key(get_secret(PIX_KEY) or "")
    except PixKeyError:
        raise NotConfiguredError(_("There is no Pix key yet. Add it in the settings.")) from None
