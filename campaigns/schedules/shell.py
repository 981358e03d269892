from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from campaigns.schedules.queries import asking_campaigns


def questions(request: HttpRequest) -> dict[str, Any]:
    """Tell the menu whether a campaign asks something."""
    if getattr(request, "organization", None) is None:
        return {}
    return {"campaign_alert": _("a campaign asks you something") if asking_campaigns() else ""}
