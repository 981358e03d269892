"""What pages beside that of the demand say of an overload, as the watch last wrote it down."""

from django.utils.translation import ngettext

from campaigns.models import Campaign, CampaignState, Overload


def is_overloaded() -> bool:
    """Tell whether the active organization has more to send than fits."""
    return bool(Overload.objects.filter(ended_at=None).exists())


def overload_words(campaign: Campaign) -> str:
    """Return what a running campaign has to do with the overload that lasts; empty where nothing."""
    if campaign.state != CampaignState.RUNNING:
        return ""
    late = Overload.objects.filter(ended_at=None).values_list("late_campaigns", flat=True).first() or {}
    count = late.get(str(campaign.pk), 0)
    words = ngettext(
        "By its own numbers alone, %(count)d message of this campaign would leave late.",
        "By its own numbers alone, %(count)d messages of this campaign would leave late.",
        count,
    )
    return words % {"count": count} if count else ""
