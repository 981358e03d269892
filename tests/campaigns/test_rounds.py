"""What is wrong with one campaign keeps none of the others waiting."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, Recipient
from campaigns.schedules.starts import start_due
from campaigns.sequences.advance import advance_sequences
from campaigns.services import freezing, lifecycle, sweeps
from campaigns.services.rounds import for_each
from campaigns.services.shares import shift_shares
from campaigns.services.watch import watch_running
from core.clock import now
from core.tenancy import across_organizations, current_organization_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(in_acme: Organization, make_campaign: Any, make_list: Any) -> tuple[Campaign, Campaign]:
    """Two campaigns that run, of which the older one has something wrong."""
    bad, good = (lifecycle.start(make_campaign(lists=[make_list(3, first=n)], split="auto")) for n in (0, 10))
    Campaign.objects.filter(pk=bad.pk).update(watched={"marks": "nonsense"}, sending_hours={"start": 1, "end": 2})
    return bad, good


def test_each_runs_inside_its_organization_and_failures_are_left_out(in_acme: Organization, two: Any) -> None:
    def work(pk: Any) -> Any:
        if pk == two[0].pk:
            raise LookupError(pk)
        return current_organization_id()

    assert for_each([(in_acme.pk, one.pk) for one in two], work) == [in_acme.pk]


def test_a_start_that_fails_does_not_keep_the_next_from_starting(
    in_acme: Organization, make_campaign: Any, make_list: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = now() + timedelta(seconds=1)
    bad, good = (make_campaign(lists=[make_list(3, first=n)], start_at=soon) for n in (0, 10))
    Campaign.objects.update(start_at=now() - timedelta(seconds=5))
    freeze = freezing._freeze

    def freezing_but_one(cursor: Any, campaign: Campaign, variants: Any) -> int:
        if campaign.pk == bad.pk:
            raise LookupError("odd")
        return freeze(cursor, campaign, variants)

    monkeypatch.setattr(freezing, "_freeze", freezing_but_one)
    start_due()
    states = dict(Campaign.objects.values_list("pk", "state"))
    assert states == {bad.pk: "scheduled", good.pk: "running"}
    assert Recipient.objects.filter(campaign=bad).count() == 0


def test_lapsed_claims_are_swept_though_a_campaign_cannot_be_watched(two: Any) -> None:
    Recipient.objects.filter(campaign=two[1]).update(
        state="sending", channel=two[1].channels.get(), lease_until=now() - timedelta(minutes=1)
    )
    with across_organizations():
        sweeps.sweep_sending()
    assert set(Recipient.objects.filter(campaign=two[1]).values_list("state", flat=True)) == {"unknown"}
    assert Campaign.objects.get(pk=two[1].pk).watched["marks"]


def test_the_others_are_watched_shifted_and_led_on(two: Any) -> None:
    Campaign.objects.filter(pk=two[1].pk).update(wait_reason={"code": "gap"})
    watch_running()
    shift_shares()
    advance_sequences()
    assert Campaign.objects.get(pk=two[1].pk).wait_reason == {}
