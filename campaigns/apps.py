from importlib import import_module

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        import_module("campaigns.answering")
        import_module("campaigns.demand")
        import_module("campaigns.drill")
        panel = import_module("campaigns.results.panel")
        import_module("leads.panels").register(panel.contact_panel)
        import_module("conversations.panels").register(panel.chat_panel)
