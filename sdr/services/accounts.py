"""How an organization, or the platform itself, reaches a provider."""

from django.conf import settings

from accounts.services.secrets_store import get_secret
from sdr.contract import Account
from sdr.models import SdrProfile
from sdr.registry import PROVIDERS, get_provider


def platform_account(provider: str) -> Account | None:
    """Return how the platform's own key reaches a provider, or None where it has none; a provider without keys is reached anyhow."""
    if not get_provider(provider).needs_key:
        return Account()
    return _account(provider, "", "")


def account_of(profile: SdrProfile, provider: str, *, simple: bool = False) -> Account | None:
    """Return how the organization reaches a provider, or None where it has no key; the local engine needs none."""
    if provider not in PROVIDERS or not get_provider(provider).needs_key:
        return None
    small = _setting(provider, "SMALL_MODEL") if simple else ""
    return _account(provider, get_secret(provider) or "", small or profile.model)


def _account(provider: str, key: str, model: str) -> Account | None:
    key = key or _setting(provider, "API_KEY")
    model = model or _setting(provider, "MODEL")
    return Account(key, model, _setting(provider, "BASE_URL")) if key else None


def _setting(provider: str, name: str) -> str:
    value: str = getattr(settings, f"{provider.upper()}_{name}", "")
    return value
