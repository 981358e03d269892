"""The web process: Django, and in front of it the door for webhooks."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

# Django must be set up before anything that knows models is imported.
_django = get_wsgi_application()

from gateways.intake.wsgi import HookDoor  # noqa: E402

application = HookDoor(_django)
