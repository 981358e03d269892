"""Cancelling is at once, however many wait; who waited is left out soon after."""

from typing import Any

import pytest

from accounts.models import AuditEntry, Organization
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.queries.figures import stats
from campaigns.services import cancelling, lifecycle
from campaigns.services.cancelling import leave_out_forgotten
from core.jobs import QUEUES, queue
from core.tenancy import no_organization
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def large(in_acme: Organization, make_campaign: Any, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    monkeypatch.setattr(cancelling, "AT_ONCE", 4)
    monkeypatch.setattr(cancelling, "BATCH", 3)
    campaign: Campaign = lifecycle.start(make_campaign(11))
    Recipient.objects.filter(position__lte=2).update(state="sent")
    return campaign


def figures(campaign: Campaign) -> tuple[str, int, int, int]:
    found = stats(campaign.pk)
    return found.state, found.pending, found.skipped, found.sent


def test_a_small_one_is_over_at_once(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.cancel(lifecycle.start(make_campaign(5)))
    assert figures(campaign) == ("cancelled", 0, 5, 0)


def test_of_a_large_one_the_rest_is_left_out_by_a_job(large: Campaign) -> None:
    lifecycle.cancel(large)
    assert figures(large) == ("cancelled", 9, 0, 2)
    assert AuditEntry.objects.get(action="campaign.cancelled").data == {"left_out": 9}
    drain()
    assert figures(large) == ("cancelled", 0, 9, 2)
    assert set(Recipient.objects.filter(state="skipped").values_list("skip_reason", flat=True)) == {"cancelled"}


def test_where_the_job_was_lost_it_is_made_up_for(large: Campaign) -> None:
    lifecycle.cancel(large)
    drain_nothing()
    with no_organization():
        assert leave_out_forgotten() == 1
        assert leave_out_forgotten() == 0
    assert figures(large) == ("cancelled", 0, 9, 2)


def test_who_is_given_back_to_the_line_later_is_left_out_too(large: Campaign) -> None:
    Recipient.objects.filter(position=5).update(state="sending")
    lifecycle.cancel(large)
    drain()
    Recipient.objects.filter(position=5).update(state="queued")
    assert leave_out_forgotten() == 1
    assert figures(large) == ("cancelled", 0, 9, 2)


def test_a_campaign_that_runs_or_waits_keeps_its_line(large: Campaign) -> None:
    assert leave_out_forgotten() == 0
    lifecycle.pause(large)
    cancelling.leave_out_cancelled(organization_id=str(large.organization_id), campaign_id=str(large.pk))
    assert Campaign.objects.get(pk=large.pk).state == CampaignState.PAUSED
    assert figures(large)[1] == 9


def drain_nothing() -> None:
    """Lose every bell that rang."""
    for name in QUEUES:
        queue(name).empty()
