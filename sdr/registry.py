"""The providers of the SDR's words, by code; each is imported when first used."""

from functools import cache
from importlib import import_module

from sdr.contract import Provider

LOCAL = "local"
PROVIDERS = {
    LOCAL: "sdr.providers.local.adapter.LocalProvider",
    "openai": "sdr.providers.openai.adapter.OpenAiProvider",
}


@cache
def get_provider(code: str) -> Provider:
    """Return the provider; raise KeyError for an unknown code."""
    module, name = PROVIDERS[code].rsplit(".", 1)
    provider: Provider = getattr(import_module(module), name)()
    return provider
