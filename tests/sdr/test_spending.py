from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from accounts.models import AuditEntry, Membership, Organization
from billing.models import Plan
from core.clock import now
from sdr.contract import ChatMessage
from sdr.models import ModelCall
from sdr.services.asking import ask_turn
from sdr.services.profiles import business_profile, get_profile, update_profile
from sdr.services.spending import is_over_budget, month_cents, month_of, watch_spending
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 2, 12, tzinfo=UTC)


def spend(reais: float) -> None:
    ModelCall.objects.create(task="reply", provider="openai", cost_micros=int(reais * 1_000_000))


def watch() -> None:
    watch_spending()
    drain()


def test_owners_are_warned_once_a_month(ana: Membership, bruno: Membership, in_acme: Organization) -> None:
    update_profile(get_profile(), {"provider": "openai"})
    with time_machine.travel(NOVEMBER, tick=False):
        spend(500)
        watch()
        assert mail.outbox == []
        spend(0.01)
        watch()
        watch()
    [sent] = mail.outbox
    assert sent.to == [ana.user.email]
    assert "R$ 500,01" in sent.subject.replace("\xa0", " ")
    assert AuditEntry.objects.filter(action="sdr.cost_passed").count() == 1
    with time_machine.travel(DECEMBER, tick=False):
        watch()
        assert len(mail.outbox) == 1
        spend(501)
        watch()
    assert len(mail.outbox) == 2


def test_the_month_is_the_business_own(in_acme: Organization) -> None:
    # Two in the morning of the first in London is still the last evening of the month in São Paulo.
    with time_machine.travel(datetime(2026, 12, 1, 2, tzinfo=UTC), tick=False):
        spend(7)
    assert month_cents(in_acme, NOVEMBER) == 700
    assert month_cents(in_acme, DECEMBER) == 0


def test_the_month_shows_what_was_asked_paid_and_replaced(
    ana: Membership, in_acme: Organization, login: Callable[..., Client], settings: Any
) -> None:
    settings.OPENAI_API_KEY = "sk-test"
    client = login(ana)
    assert "IA neste mês" not in client.get("/sdr/").content.decode()
    update_profile(get_profile(), {"provider": "openai"})
    spend(12.5)
    ModelCall.objects.create(task="reply", provider="local", instead_of="openai")
    page = client.get("/sdr/").content.decode().replace("\xa0", " ")
    assert "IA neste mês" in page and "R$ 12,50" in page
    found = month_of(in_acme, now())
    assert (found.calls, found.cents, found.replaced) == (1, 1250, 1)


def test_a_used_up_budget_of_the_plan_stays_in_the_house(in_acme: Organization, settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", "http://127.0.0.1:9/v1"
    update_profile(get_profile(), {"provider": "openai"})
    Plan.objects.filter(code="enterprise").update(ai_budget_cents=1_000)
    assert not is_over_budget(in_acme, now())
    spend(10)
    assert is_over_budget(in_acme, now())
    profile = get_profile()
    lines = [ChatMessage("m", "customer", "queria clareamento", now())]
    before = ModelCall.objects.count()
    assert ask_turn(profile, business_profile(profile), lines, {}, now()).reply
    [row] = ModelCall.objects.order_by("-at")[: ModelCall.objects.count() - before]
    assert (row.provider, row.instead_of) == ("local", "openai")
