"""What the wizard says of a campaign's schedule, written."""

from accounts.models import Membership
from campaigns.forms import CampaignForm
from campaigns.models import Campaign
from campaigns.schedules.series import once, repeat
from campaigns.schedules.settings import set_late_hours
from campaigns.sequences.steps import save_steps


def keep_schedule(campaign: Campaign, form: CampaignForm, *, starts: bool, actor: Membership | None) -> Campaign:
    """Let the campaign repeat or not, with its steps, and keep what becomes of a missed start."""
    set_late_hours(campaign, form.cleaned_data["late_hours"])
    if form.step_drafts or campaign.steps.exists():
        campaign = save_steps(campaign, form.step_drafts, form.cleaned_data["stops_on"], actor=actor)
    if not form.is_repeating:
        return once(campaign)
    return repeat(campaign, form.written_rule, starts=starts, actor=actor)
