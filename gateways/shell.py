from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from gateways.models import Channel
from gateways.pool.notices import bell
from gateways.queries import TROUBLED
from gateways.views.notices import seen_at


def alerts(request: HttpRequest) -> dict[str, Any]:
    """Tell the menu whether a number needs attention, and the bell what is new."""
    if getattr(request, "organization", None) is None:
        return {}
    needs = Channel.objects.filter(removed_at=None, state__in=TROUBLED).exists()
    return {"channel_alert": _("a number needs attention") if needs else "", "bell": bell(seen_at(request))}
