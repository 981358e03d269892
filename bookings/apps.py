from importlib import import_module

from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "bookings"

    def ready(self) -> None:
        import_module("bookings.charges.subscribers")
        # Contacts and conversations know no bookings and no charges; the cards are handed to them once all models are loaded.
        for name in ("bookings.panel", "bookings.charges.panel"):
            cards = import_module(name)
            import_module("conversations.panels").register(cards.chat_panel)
            import_module("leads.panels").register(cards.contact_panel)
