"""The providers of the SDR's words, by code; each is imported when first used."""

from functools import cache
from importlib import import_module

from sdr.contract import Embedder, Provider

LOCAL = "local"
PROVIDERS = {
    LOCAL: "sdr.providers.local.adapter.LocalProvider",
    "openai": "sdr.providers.openai.adapter.OpenAiProvider",
}

# In the order in which they are asked; all give vectors of the same length, a business stays with one of them.
EMBEDDERS = {"openai": "sdr.providers.openai.embedding.embed"}


@cache
def get_provider(code: str) -> Provider:
    """Return the provider; raise KeyError for an unknown code."""
    module, name = PROVIDERS[code].rsplit(".", 1)
    provider: Provider = getattr(import_module(module), name)()
    return provider


@cache
def get_embedder(code: str) -> Embedder:
    """Return what turns texts into vectors; raise KeyError for a provider that does not."""
    module, name = EMBEDDERS[code].rsplit(".", 1)
    embedder: Embedder = getattr(import_module(module), name)
    return embedder
