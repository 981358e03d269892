from importlib import import_module

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        import_module("conversations.known")
        # Contacts know no conversations; the card is handed to them once all models are loaded.
        import_module("leads.panels").register(import_module("conversations.contact_card").contact_panel)
