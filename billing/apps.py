from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        # Models can be imported only once all apps are loaded, which is when ready() runs.
        post_migrate.connect(import_module("billing.plans").ensure_plans, sender=self)
        # Accounts know no plans; how many people one allows is told to them here.
        import_module("accounts.seats").register(import_module("billing.services").seats_left)
