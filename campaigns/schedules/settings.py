"""What campaigns of an organization do unless they say otherwise."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, ScheduleSettings
from core.tenancy import current_organization_id

LATE_CHOICES = (0, 1, 2, 4, 8, 24)
# Less than this is no delay that anybody would be asked about.
GRACE = timedelta(minutes=10)


def get_settings() -> ScheduleSettings:
    """Return the active organization's settings, unsaved while nobody has changed them."""
    found: ScheduleSettings | None = ScheduleSettings.objects.first()
    return found or ScheduleSettings(organization_id=current_organization_id())


def check_late_hours(hours: int | None) -> None:
    """Raise :class:`CampaignIncompleteError` for a lateness that is no choice; None is the organization's."""
    if hours is not None and hours not in LATE_CHOICES:
        raise CampaignIncompleteError(_("Choose one of the given delays."), code="late_hours")


def set_late_hours(campaign: Campaign, hours: int | None) -> None:
    """Say how late a campaign's start may be made up for; None leaves it to the organization."""
    check_late_hours(hours)
    campaign.late_hours = hours
    campaign.save(update_fields=["late_hours"])


@transaction.atomic
def save_settings(
    *, late_hours: int, resumes_with_plan: bool = True, actor: Membership | None = None
) -> ScheduleSettings:
    """Change the settings; campaigns that say nothing themselves follow at once."""
    check_late_hours(late_hours)
    values = {"late_hours": late_hours, "resumes_with_plan": resumes_with_plan}
    row, _created = ScheduleSettings.objects.update_or_create(
        organization_id=current_organization_id(), defaults=values
    )
    record_audit("campaign.schedule_settings", actor=actor, data=values)
    return row  # type: ignore[no-any-return]


def patience_of(campaign: Campaign) -> timedelta:
    """Return how late a start may be made up for without asking."""
    hours = get_settings().late_hours if campaign.late_hours is None else campaign.late_hours
    return max(GRACE, timedelta(hours=hours))
