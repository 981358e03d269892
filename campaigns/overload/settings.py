"""What an organization wants when there is more to send than fits."""

from typing import Any

from django.db import transaction

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.models import DemandSettings
from core.tenancy import current_organization_id


def demand_settings() -> DemandSettings:
    """Return the active organization's settings, unsaved while nobody has changed them."""
    found: DemandSettings | None = DemandSettings.objects.first()
    return found or DemandSettings(organization_id=current_organization_id())


@transaction.atomic
def save_demand_settings(values: dict[str, Any], *, actor: Membership | None = None) -> None:
    """Change the settings; an overload that lasts follows them at its next look."""
    DemandSettings.objects.update_or_create(organization_id=current_organization_id(), defaults=values)
    record_audit("demand.settings", actor=actor, data=values)
