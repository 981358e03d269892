from datetime import UTC, datetime

import pytest
import time_machine
from django.core import mail

from accounts.models import AuditEntry, Membership, Organization
from sdr.models import ModelCall
from sdr.services.profiles import get_profile, update_profile
from sdr.services.spending import month_cents, watch_spending
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
