from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class SagasConfig(AppConfig):
    name = "sagas"

    def ready(self) -> None:
        # Subscribers, jobs and sagas register themselves on import, as admin modules do.
        autodiscover_modules("subscribers")
        autodiscover_modules("jobs")
        autodiscover_modules("sagas")
