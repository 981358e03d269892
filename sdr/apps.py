from importlib import import_module

from django.apps import AppConfig


class SdrConfig(AppConfig):
    name = "sdr"

    def ready(self) -> None:
        # Conversations know no SDR; the card is handed to them once all models are loaded.
        import_module("conversations.panels").register(import_module("sdr.panel").qualification_card)
