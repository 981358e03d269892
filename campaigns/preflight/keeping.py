"""What was planned at the start, kept on the campaign to be compared with what happens."""

from datetime import datetime
from typing import Any

from campaigns.models import Campaign
from campaigns.preflight.money import ai_cost, by_step, fees_of
from campaigns.preflight.plan import Plan
from campaigns.queries.figures import skipped_reasons
from campaigns.queries.forecast import outlook
from core.clock import now


def keep_promise(campaign: Campaign) -> None:
    """Write down what a campaign whose people have just been frozen will do."""
    plan = outlook(campaign)
    fees = fees_of(list(campaign.channels.all()), by_step(campaign.variants.all()), plan) if plan else []
    campaign.promise = {
        "made_at": now().isoformat(),
        "people": campaign.total,
        "messages": plan.count if plan else campaign.total,
        "left_out": skipped_reasons(campaign),
        "ends_at": _iso(plan.ends_at if plan else None),
        "hours": _hours(plan),
        "fee_micros": sum(line.micros for line in fees),
        "ai_micros": ai_cost(campaign.total).micros,
    }
    campaign.save(update_fields=["promise"])


def _hours(plan: Plan | None) -> dict[str, list[list[Any]]]:
    """Return what each number was to send by the hour: ``{channel: [[hour, count], ...]}``."""
    found: dict[str, list[list[Any]]] = {}
    for one in plan.hours if plan else ():
        found.setdefault(str(one.channel_id), []).append([one.hour.isoformat(), one.count])
    return found


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
