"""Panels that upper apps add to the inbox's right pane, without conversations knowing them."""

from collections.abc import Callable

from django.http import HttpRequest

from conversations.models import Conversation

Panel = Callable[[HttpRequest, Conversation], str]
_panels: list[Panel] = []


def register(panel: Panel) -> None:
    """Add a panel; it returns safe HTML, or an empty text when it has nothing to show."""
    if panel not in _panels:
        _panels.append(panel)


def render_panels(request: HttpRequest, conversation: Conversation) -> list[str]:
    return [html for panel in _panels if (html := panel(request, conversation))]
