"""The providers, by code; each is imported when first used."""

from functools import cache
from importlib import import_module

from gateways.contract import Adapter

ADAPTERS = {
    "simulator": "gateways.providers.simulator.adapter.SimulatorAdapter",
    "cloud": "gateways.providers.cloud.adapter.CloudAdapter",
    "evolution": "gateways.providers.evolution.adapter.EvolutionAdapter",
    "waha": "gateways.providers.waha.adapter.WahaAdapter",
    "mega": "gateways.providers.mega.adapter.MegaAdapter",
    "telegram": "gateways.providers.telegram.adapter.TelegramAdapter",
    "messenger": "gateways.providers.pages.adapter.MessengerAdapter",
    "instagram": "gateways.providers.pages.adapter.InstagramAdapter",
}


@cache
def get_adapter(code: str) -> Adapter:
    """Return the adapter; raise KeyError for an unknown code."""
    module, name = ADAPTERS[code].rsplit(".", 1)
    adapter: Adapter = getattr(import_module(module), name)()
    return adapter


def campaign_providers() -> list[str]:
    """Return the providers by which people may be written to who never wrote."""
    return [code for code in ADAPTERS if get_adapter(code).starts_chats]
