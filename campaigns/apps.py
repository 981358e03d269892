from importlib import import_module

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        import_module("campaigns.answering")
        import_module("campaigns.demand")
        import_module("campaigns.drill")
        import_module("leads.panels").register(import_module("campaigns.results.panel").contact_panel)
