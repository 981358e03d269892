"""The providers, by code; each is imported when first used."""

from functools import cache
from importlib import import_module

from gateways.contract import Adapter

ADAPTERS = {
    "simulator": "gateways.providers.simulator.adapter.SimulatorAdapter",
    "cloud": "gateways.providers.cloud.adapter.CloudAdapter",
    "evolution": "gateways.providers.evolution.adapter.EvolutionAdapter",
    "waha": "gateways.providers.waha.adapter.WahaAdapter",
}


@cache
def get_adapter(code: str) -> Adapter:
    """Return the adapter; raise KeyError for an unknown code."""
    module, name = ADAPTERS[code].rsplit(".", 1)
    adapter: Adapter = getattr(import_module(module), name)()
    return adapter
