"""The days on which a business rests: its agenda says so, for campaigns and agents alike."""

from datetime import date, timedelta

import pytest

from accounts.models import Organization
from bookings.days_off import DaysOff
from bookings.models import DayRule

pytestmark = pytest.mark.django_db
CHRISTMAS = date(2026, 12, 25)


def test_the_days_are_those_of_the_agenda(in_acme: Organization) -> None:
    next_day = CHRISTMAS + timedelta(days=1)
    DayRule.objects.create(day=CHRISTMAS, is_open=True)
    DayRule.objects.create(day=next_day, name="Inventário")
    off = DaysOff.of_business()
    assert (off.name(CHRISTMAS), off.name(next_day)) == ("", "Inventário")
