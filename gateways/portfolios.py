"""Meta's limit of people in 24 hours, held over all numbers of a business however many processes send (protocol 4.7).

Whoever sends locks the business's row, is told how many more people there is room for, and notes whom it takes, all in
one transaction: two numbers never take the same last place. The row keeps a count that is never too low, so that people
are counted anew only when it has run out.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Min

from core.clock import now
from gateways.models import Channel, Portfolio, PortfolioContact
from gateways.registry import get_adapter

WINDOW = timedelta(hours=24)
# An exact count is taken again after this, at the latest when the room has run out.
COUNT_HOLDS, FULL_HOLDS = timedelta(minutes=1), timedelta(seconds=1)
PROVISIONAL = "waba:"
ASK_AGAIN = timedelta(days=1)

_TAKE = """
INSERT INTO gateways_portfoliocontact AS known (organization_id, portfolio_id, phone, at)
SELECT %(organization)s, %(portfolio)s, phone, %(at)s FROM unnest(%(phones)s::text[]) AS phone ORDER BY phone
ON CONFLICT (portfolio_id, phone) DO UPDATE SET at = GREATEST(known.at, excluded.at)
"""
_MOVE = """
INSERT INTO gateways_portfoliocontact AS known (organization_id, portfolio_id, phone, at)
SELECT organization_id, %(target)s, phone, at FROM gateways_portfoliocontact WHERE portfolio_id = %(source)s
ON CONFLICT (portfolio_id, phone) DO UPDATE SET at = GREATEST(known.at, excluded.at)
"""


class Room:
    """How many more people may be written to; ``people`` None means any number."""

    def __init__(self, portfolio: Portfolio | None, people: int | None, at: datetime) -> None:
        self.portfolio, self.people, self._at = portfolio, people, at

    def take(self, phones: Iterable[str]) -> None:
        """Note whom a message goes to who did not write in the last 24 hours."""
        taken = sorted({phone for phone in phones if phone})
        if self.portfolio is None or not taken:
            return
        fresh = len(taken) - len(self._known(taken))
        values: dict[str, Any] = {
            "organization": self.portfolio.organization_id,
            "portfolio": self.portfolio.pk,
            "at": self._at,
        }
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, values | {"phones": taken})
        if fresh:
            self.portfolio.people += fresh
            self.portfolio.frees_at = self.portfolio.frees_at or self._at + WINDOW
            self.portfolio.save(update_fields=["people", "frees_at"])

    def has_place_for(self, phone: str) -> bool:
        """Tell whether one more message to the phone keeps within the limit."""
        return self.people is None or self.people > 0 or bool(self._known([phone]))

    def _known(self, phones: Sequence[str]) -> set[str]:
        rows = PortfolioContact.objects.filter(portfolio=self.portfolio, phone__in=phones, at__gt=self._at - WINDOW)
        return set(rows.values_list("phone", flat=True))


@contextmanager
def room_of(channel: Channel) -> Iterator[Room]:
    """Lock the business of an official number and yield its room; for every other number there is room for all."""
    at = now()
    if not get_adapter(channel.provider).sends_templates:
        yield Room(None, None, at)
        return
    portfolio_id = channel.portfolio_id or _provisional(channel).pk
    with transaction.atomic():
        portfolio = Portfolio.objects.select_for_update(of=("self",)).get(pk=portfolio_id)
        yield Room(portfolio, _room(portfolio, limit_of(channel), at), at)


def limit_of(channel: Channel) -> int | None:
    """Return the people in 24 hours that Meta allows the number's business: as read, else a safe default; None for no limit."""
    adapter = get_adapter(channel.provider)
    if not adapter.sends_templates:
        return None
    return adapter.rhythm.daily_cap if channel.message_limit is None else channel.message_limit or None


def is_full(channel: Channel, at: datetime) -> bool:
    """Tell whether the business of the number has no room until its ``frees_at``; a function of the rows alone."""
    limit = limit_of(channel)
    if limit is None or channel.portfolio is None or channel.portfolio.people < limit:
        return False
    return channel.portfolio.frees_at is not None and channel.portfolio.frees_at > at


def _room(portfolio: Portfolio, limit: int | None, at: datetime) -> int | None:
    if limit is None:
        return None
    holds = FULL_HOLDS if portfolio.people >= limit else COUNT_HOLDS
    if portfolio.counted_at is None or not portfolio.counted_at <= at < portfolio.counted_at + holds:
        count_anew(portfolio, at)
    return max(0, limit - portfolio.people)


def count_anew(portfolio: Portfolio, at: datetime) -> None:
    """Count who is within the 24 hours. The caller holds the row."""
    rows = PortfolioContact.objects.filter(portfolio=portfolio, at__gt=at - WINDOW)
    found = rows.aggregate(people=Count("pk"), first=Min("at"))
    portfolio.people, portfolio.counted_at = found["people"], at
    portfolio.frees_at = found["first"] + WINDOW if found["first"] else None
    portfolio.save(update_fields=["people", "counted_at", "frees_at"])


def people_now(portfolio_ids: Iterable[UUID], at: datetime) -> dict[UUID, int]:
    """Return how many people each business has written to in the last 24 hours."""
    ids = set(portfolio_ids)
    if not ids:
        return {}
    rows = PortfolioContact.objects.filter(portfolio__in=ids, at__gt=at - WINDOW)
    return dict(rows.values("portfolio_id").annotate(count=Count("pk")).values_list("portfolio_id", "count"))


def is_worth_asking(channel: Channel, at: datetime) -> bool:
    """Tell whether Meta should be asked which business the number belongs to."""
    known: Portfolio | None = channel.portfolio
    if known is None:
        return True
    return known.external_id.startswith(PROVISIONAL) and (known.asked_at is None or known.asked_at < at - ASK_AGAIN)


@transaction.atomic
def belongs_to(channel: Channel, business_id: str) -> None:
    """Note the number's business; empty where Meta does not tell, and then its WhatsApp account stands for it."""
    before = channel.portfolio or _provisional(channel)
    if not business_id:
        Portfolio.objects.filter(pk=before.pk).update(asked_at=now())
        return
    portfolio = Portfolio.objects.get_or_create(organization_id=channel.organization_id, external_id=business_id[:60])[
        0
    ]
    if portfolio.pk == before.pk:
        return
    if before.external_id.startswith(PROVISIONAL):
        _join(before, portfolio)
    else:
        Channel.objects.filter(pk=channel.pk).update(portfolio=portfolio)
    channel.portfolio = portfolio


def _join(source: Portfolio, target: Portfolio) -> None:
    """Put the people and numbers of one business to another's."""
    list(Portfolio.objects.select_for_update(of=("self",)).filter(pk__in=[source.pk, target.pk]).order_by("pk"))
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, {"source": source.pk, "target": target.pk})
    Channel.objects.filter(portfolio=source).update(portfolio=target)
    Portfolio.objects.filter(pk=target.pk).update(counted_at=None)
    source.delete()


def _provisional(channel: Channel) -> Portfolio:
    """Let the number's WhatsApp account stand for the business that is not known yet."""
    name = f"{PROVISIONAL}{channel.config.get('waba_id') or channel.pk}"[:60]
    portfolio: Portfolio = Portfolio.objects.get_or_create(organization_id=channel.organization_id, external_id=name)[0]
    Channel.objects.filter(pk=channel.pk).update(portfolio=portfolio)
    channel.portfolio = portfolio
    return portfolio
