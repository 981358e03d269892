"""The plans that every installation starts with; staff change them in the admin and nothing here overwrites that."""

from typing import Any

from billing.models import Plan

DEFAULT_PLANS: list[dict[str, Any]] = [
    {"code": "trial", "name": "Teste grátis", "trial_days": 14, "monthly_messages": 1_000, "daily_messages": 200,
     "seats": 3, "channels": 3, "is_public": False, "position": 0},
    {"code": "starter", "name": "Starter", "monthly_messages": 6_000, "daily_messages": 200, "seats": 2, "channels": 1,
     "is_public": False, "position": 1},
    {"code": "basic", "name": "Basic", "price_cents": 9_900, "monthly_messages": 1_000, "daily_messages": 500, "seats": 3,
     "channels": 2, "position": 2},
    {"code": "agenda", "name": "Agenda", "price_cents": 24_500, "trial_days": 14, "monthly_messages": 3_000,
     "daily_messages": 600, "seats": 5, "channels": 3, "position": 3},
    {"code": "pro", "name": "Pro", "price_cents": 29_900, "monthly_messages": 10_000, "daily_messages": 2_500, "seats": 15,
     "channels": 8, "position": 4},
    {"code": "enterprise", "name": "Enterprise", "messages_per_minute": None, "is_public": False, "position": 5},
]  # fmt: skip


def ensure_plans(**_signal: Any) -> None:
    """Create the plans that do not exist yet; runs after every migrate."""
    known = set(Plan.objects.values_list("code", flat=True))
    Plan.objects.bulk_create(
        [Plan(**plan) for plan in DEFAULT_PLANS if plan["code"] not in known], ignore_conflicts=True
    )
