"""How an organization, or the platform itself, reaches a provider."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from accounts.services.secrets_store import get_secret
from sdr.contract import Account
from sdr.models import SdrProfile
from sdr.registry import LOCAL, PROVIDERS, get_provider

SECONDS = 20.0


def platform_account(provider: str) -> Account | None:
    """Return how the platform's own key reaches a provider, or None where it has none; the local engine is reached anyhow."""
    if not get_provider(provider).needs_key:
        return Account()
    return _account(provider, "", {}, simple=False)


def account_of(profile: SdrProfile, provider: str, *, simple: bool = False) -> Account | None:
    """Return how the organization reaches a provider, or None where it has no key; the local engine needs none.

    ``simple`` asks for its smaller model.
    """
    if provider not in PROVIDERS or not get_provider(provider).needs_key:
        return None
    options = dict(profile.provider_options.get(provider) or {})
    if provider == profile.provider and profile.model:
        options.setdefault("model", profile.model)
    return _account(provider, get_secret(provider) or "", options, simple=simple)


def route_of(profile: SdrProfile, *, simple: bool = False) -> list[tuple[str, Account]]:
    """Return the providers that are asked one after the other, with how each is reached; those without a key are left out."""
    codes = [code for code in dict.fromkeys([profile.provider, *profile.fallbacks]) if code != LOCAL]
    found = [(code, account_of(profile, code, simple=simple)) for code in codes]
    return [(code, account) for code, account in found if account is not None]


def _account(provider: str, key: str, options: Mapping[str, Any], *, simple: bool) -> Account | None:
    # The platform's key never goes to an address that an organization chose.
    key = key or ("" if options.get("base_url") else _setting(provider, "API_KEY"))
    small = options.get("small_model") or _setting(provider, "SMALL_MODEL") if simple else ""
    model = small or options.get("model") or _setting(provider, "MODEL")
    address = options.get("base_url") or _setting(provider, "BASE_URL")
    if not key or not model or (provider == "compatible" and not address):
        return None
    return Account(key, model, address, float(options.get("seconds") or SECONDS))


def _setting(provider: str, name: str) -> str:
    value: str = getattr(settings, f"{provider.upper()}_{name}", "")
    return value
