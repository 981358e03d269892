"""What staff see first: the whole platform in figures, none of them about anybody in particular."""

from datetime import timedelta
from typing import NamedTuple

from django import template
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization, User
from billing.models import Subscription, UsageDay
from campaigns.models import Campaign, CampaignState
from core.tenancy import across_organizations
from gateways.models import Channel, ChannelState

register = template.Library()
MONTH = timedelta(days=30)


class Figure(NamedTuple):
    label: str
    value: int


@register.simple_tag
def platform_figures() -> list[Figure]:
    today = timezone.localdate()
    with across_organizations():
        usage = UsageDay.objects.filter(day__gt=today - MONTH)
        numbers = Channel.objects.filter(removed_at=None).exclude(provider="simulator")
        return [
            Figure(_("businesses"), Organization.objects.filter(is_demo=False).count()),
            Figure(_("people"), User.objects.filter(is_active=True, is_staff=False).count()),
            Figure(_("real numbers connected"), numbers.filter(state=ChannelState.CONNECTED).count()),
            Figure(_("campaigns sending now"), Campaign.objects.filter(state=CampaignState.RUNNING).count()),
            Figure(_("messages today"), usage.filter(day=today).aggregate(n=Sum("messages"))["n"] or 0),
            Figure(_("messages in 30 days"), usage.aggregate(n=Sum("messages"))["n"] or 0),
        ]


@register.simple_tag
def businesses_by_plan() -> list[Figure]:
    with across_organizations():
        rows = Subscription.objects.values_list("plan__name").annotate(n=Count("pk")).order_by("-n")
        return [Figure(name, count) for name, count in rows]
