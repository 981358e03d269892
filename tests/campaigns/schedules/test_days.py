"""Nothing leaves on a day off where the campaign says so: by the sender, by what it tells, and by the plan."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from accounts.models import Organization
from bookings.models import DayRule
from campaigns.queries.forecast import eta
from campaigns.queries.waiting import waiting_reasons, waits
from campaigns.sender.due import look
from campaigns.services import lifecycle
from campaigns.services.drafts import clean_hours
from campaigns.views.review import hours_in_words

pytestmark = pytest.mark.django_db
CHRISTMAS = datetime(2026, 12, 25, 14, tzinfo=UTC)
NEXT_DAY = datetime(2026, 12, 26, 3, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "rests"), [({}, False), ({"skips_holidays": True}, True)])
def test_on_a_holiday_the_sender_passes_over_who_rests(
    in_acme: Organization, make_campaign: Any, hours: dict[str, Any], rests: bool
) -> None:
    campaign = lifecycle.start(make_campaign(sending_hours=hours))
    channel = campaign.channels.get()
    # The sender asks the database for the time, so that the day itself is made one off.
    today = datetime.now(UTC).date()
    for day in (today, today.replace(day=1)):
        DayRule.objects.update_or_create(day=day, organization_id=in_acme.pk, defaults={"name": "Folga"})
    local = look(channel.pk, in_acme.pk)
    DayRule.objects.get_or_create(day=local.today, organization_id=in_acme.pk, defaults={"name": "Folga"})
    assert look(channel.pk, in_acme.pk).campaigns == (() if rests else (campaign.pk,))


def test_a_holiday_is_named_as_the_reason_and_planned_around(in_acme: Organization, make_campaign: Any) -> None:
    with time_machine.travel(CHRISTMAS, tick=False):
        campaign = lifecycle.start(make_campaign(sending_hours={"skips_holidays": True}))
        assert [(wait.code, wait.until) for _name, wait in waits(campaign)] == [("holiday", NEXT_DAY)]
        assert "feriados" in waiting_reasons(campaign)[0]
        ends = eta(campaign)
        assert ends is not None and ends >= NEXT_DAY


def test_hours_and_days_off_are_kept_together() -> None:
    hours = clean_hours({"start": "09:00", "end": "18:00", "days": [0], "skips_holidays": True})
    assert hours == {"days": [0], "start": "09:00", "end": "18:00", "skips_holidays": True}
    assert hours_in_words(hours) == "só das 9h às 18h, em seg; menos nos feriados"
    assert clean_hours({"skips_holidays": True}) == {"skips_holidays": True}
    assert hours_in_words({"skips_holidays": True}) == "menos nos feriados"
    assert clean_hours({"skips_holidays": "yes"}) == {}
