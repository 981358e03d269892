"""What an organization may still do on its plan: exact under concurrency, because every number here is money."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q, Sum

from accounts.models import Organization
from billing.models import Plan, Subscription, UsageDay
from core.tenancy import activate_organization


@dataclass(frozen=True)
class Grant:
    """How many of the asked-for messages may leave now; ``reason`` says what stops the rest, ``resets_at`` until when."""

    granted: int
    reason: str = ""
    resets_at: datetime | None = None


@dataclass(frozen=True)
class Usage:
    """Messages used and allowed; a limit of None means none."""

    sent_today: int
    daily_limit: int | None
    sent_month: int
    monthly_limit: int | None
    plan_name: str
    trial_ends_at: datetime | None
    per_minute: int | None = None
    zone: str = "UTC"


def start_subscription(
    organization: Organization, *, plan_code: str = "trial", at: datetime | None = None
) -> Subscription:
    """Put a new organization on a plan; a plan with trial days starts its trial now. Raises Plan.DoesNotExist."""
    plan = Plan.objects.get(code=plan_code)
    start = at or datetime.now(UTC)
    ends = start + timedelta(days=plan.trial_days) if plan.trial_days and not plan.is_public else None
    subscription, _created = Subscription.objects.get_or_create(
        organization=organization, defaults={"plan": plan, "trial_ends_at": ends}
    )
    return subscription


def reserve_messages(organization_id: UUID | str, count: int, *, at: datetime) -> Grant:
    """Reserve up to ``count`` messages of today's and this month's allowance.

    The day's row is locked for the length of this transaction, so that parallel senders can never pass the limit together.
    """
    subscription = _subscription(organization_id)
    zone = ZoneInfo(subscription.organization.timezone)
    if subscription.is_expired(at):
        return Grant(0, "trial_expired")
    day = at.astimezone(zone).date()
    with transaction.atomic():
        _lock_month(organization_id, day)
        used_today, used_month = _used(organization_id, day)
        granted, reason = _allowance(subscription.plan, count, used_today, used_month)
        if granted:
            _add(organization_id, day, granted)
    resets_at = _next_reset(reason, day, zone) if reason else None
    return Grant(granted, reason, resets_at)


def next_message(organization_id: UUID | str, *, at: datetime) -> Grant:
    """Return what one message more would be granted, without reserving it."""
    subscription = _subscription(organization_id)
    if subscription.is_expired(at):
        return Grant(0, "trial_expired")
    zone = ZoneInfo(subscription.organization.timezone)
    day = at.astimezone(zone).date()
    granted, reason = _allowance(subscription.plan, 1, *_used(organization_id, day))
    return Grant(granted, reason, _next_reset(reason, day, zone) if reason else None)


def release_messages(organization_id: UUID | str, count: int, *, day: date) -> None:
    """Give back what was reserved and not sent."""
    if count > 0:
        _add(organization_id, day, -count)


def usage(organization_id: UUID | str, at: datetime) -> Usage:
    """Return what the organization has used of its plan, for people to see."""
    subscription = _subscription(organization_id)
    day = at.astimezone(ZoneInfo(subscription.organization.timezone)).date()
    today, month = _used(organization_id, day)
    plan = subscription.plan
    return Usage(
        today, plan.daily_messages, month, plan.monthly_messages, plan.name, subscription.trial_ends_at,
        plan.messages_per_minute, subscription.organization.timezone,
    )  # fmt: skip


def messages_per_minute(organization_id: UUID | str) -> int | None:
    """Return the plan's sending rate limit, or None for none."""
    return _subscription(organization_id).plan.messages_per_minute


def seats_left(organization_id: UUID | str, used: int) -> int | None:
    """Return how many more people the plan allows, or None for any number."""
    seats = _subscription(organization_id).plan.seats
    return None if seats is None else max(0, seats - used)


def ai_budget_cents(organization_id: UUID | str) -> int | None:
    """Return what the plan lets the AI cost in a month, or None for no limit."""
    return _subscription(organization_id).plan.ai_budget_cents


def channels_left(organization_id: UUID | str, used: int) -> int | None:
    """Return how many more numbers the plan allows, or None for any number."""
    channels = _subscription(organization_id).plan.channels
    return None if channels is None else max(0, channels - used)


def _subscription(organization_id: UUID | str) -> Subscription:
    known = Subscription.objects.select_related("plan", "organization")
    subscription = known.filter(organization_id=organization_id).first()
    if subscription is None:
        # A new organization starts its trial with the first question that is asked about it.
        start_subscription(Organization.objects.get(pk=organization_id))
        subscription = known.get(organization_id=organization_id)
    return subscription


def _lock_month(organization_id: UUID | str, day: date) -> None:
    # One lock per organization and month: the monthly sum spans rows that a row lock would not cover.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"usage:{organization_id}:{day:%Y-%m}"]
        )


def _used(organization_id: UUID | str, day: date) -> tuple[int, int]:
    with activate_organization(organization_id):
        days = UsageDay.objects.filter(day__gte=day.replace(day=1), day__lte=day)
        sums = days.aggregate(month=Sum("messages"), today=Sum("messages", filter=Q(day=day)))
    return sums["today"] or 0, sums["month"] or 0


def _allowance(plan: Plan, count: int, used_today: int, used_month: int) -> tuple[int, str]:
    left = _smallest(
        [
            (plan.monthly_messages, used_month, "monthly_limit"),
            (plan.daily_messages, used_today, "daily_limit"),
        ]
    )
    if left is None or left[0] >= count:
        return count, ""
    return left


def _smallest(limits: Iterable[tuple[int | None, int, str]]) -> tuple[int, str] | None:
    """Return the least that is left, and of what; of several that are used up the first, which holds longest."""
    found = [(max(0, limit - used), reason) for limit, used, reason in limits if limit is not None]
    return min(found, key=lambda one: one[0], default=None)


def _add(organization_id: UUID | str, day: date, count: int) -> None:
    with activate_organization(organization_id):
        row, created = UsageDay.objects.get_or_create(
            organization_id=organization_id, day=day, defaults={"messages": max(0, count)}
        )
    if not created:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE billing_usageday SET messages = GREATEST(0, messages + %s) WHERE id = %s", [count, row.pk]
            )


def _next_reset(reason: str, day: date, zone: ZoneInfo) -> datetime:
    next_day = day + timedelta(days=1)
    if reason == "monthly_limit":
        next_day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(next_day, time(), tzinfo=zone)
