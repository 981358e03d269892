"""What the wizard says of a campaign's schedule, written."""

from accounts.models import Membership
from campaigns.models import Campaign
from campaigns.schedules.forms import ScheduleForm
from campaigns.schedules.series import once, repeat
from campaigns.schedules.settings import set_late_hours


def keep_schedule(campaign: Campaign, form: ScheduleForm, *, starts: bool, actor: Membership | None) -> Campaign:
    """Let the campaign repeat or not, and keep what becomes of a missed start."""
    set_late_hours(campaign, form.cleaned_data["late_hours"])
    if not form.is_repeating:
        return once(campaign)
    return repeat(campaign, form.written_rule, starts=starts, actor=actor)
