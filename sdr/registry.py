"""The providers of the SDR's words, by code; each is imported when first used."""

from functools import cache
from importlib import import_module
from typing import Any

from sdr.contract import Embedder, Provider

LOCAL = "local"
PROVIDERS = {
    LOCAL: "sdr.providers.local.adapter.LocalProvider",
    "openai": "sdr.providers.openai.adapter.provider",
    "anthropic": "sdr.providers.anthropic.wire.provider",
    "gemini": "sdr.providers.gemini.wire.provider",
    "compatible": "sdr.providers.compatible.wire.provider",
}
WITH_KEY = tuple(code for code in PROVIDERS if code != LOCAL)
# In the order in which they are asked; all give vectors of the same length, a business stays with one of them.
EMBEDDERS = {"openai": "sdr.providers.openai.embedding.embed", "gemini": "sdr.providers.gemini.embedding.embed"}


@cache
def get_provider(code: str) -> Provider:
    """Return the provider; raise KeyError for an unknown code."""
    provider: Provider = _load(PROVIDERS[code])()
    return provider


@cache
def get_embedder(code: str) -> Embedder:
    """Return what turns texts into vectors; raise KeyError for a provider that does not."""
    embedder: Embedder = _load(EMBEDDERS[code])
    return embedder


def _load(path: str) -> Any:
    module, name = path.rsplit(".", 1)
    return getattr(import_module(module), name)
