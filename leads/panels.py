"""Cards that upper apps add to a contact's page, without leads knowing them."""

from collections.abc import Callable

from django.http import HttpRequest

from leads.models import Contact

Panel = Callable[[HttpRequest, Contact], str]
_panels: list[Panel] = []


def register(panel: Panel) -> None:
    """Add a card; it returns safe HTML, or an empty text when it has nothing to show."""
    if panel not in _panels:
        _panels.append(panel)


def render_panels(request: HttpRequest, contact: Contact) -> list[str]:
    return [html for panel in _panels if (html := panel(request, contact))]
