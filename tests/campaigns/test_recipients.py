from typing import Any

import pytest

from accounts.models import AuditEntry, Membership, Organization
from campaigns.errors import CampaignStateError, RecipientStateError
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.services import lifecycle
from conversations.models import Message
from core.clock import now

pytestmark = pytest.mark.django_db


@pytest.fixture
def settled(in_acme: Organization, make_campaign: Any) -> Campaign:
    """A finished campaign with one recipient of each kind."""
    campaign = lifecycle.start(make_campaign(6))
    rows = Recipient.objects.filter(campaign=campaign)
    channel = campaign.channels.get()
    rows.update(channel=channel, attempts=4)
    for position, state, external_id in (
        (1, "sent", "a"), (2, "failed", None), (3, "failed", "b"), (4, "invalid", None), (5, "unknown", None), (6, "failed", None),
    ):  # fmt: skip
        rows.filter(position=position).update(state=state, external_id=external_id)
    contact = rows.get(position=6).contact
    contact.opted_out_at = now()
    contact.save()
    assert lifecycle.complete_if_done(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def by_position(campaign: Campaign) -> list[str]:
    return list(Recipient.objects.filter(campaign=campaign).order_by("position").values_list("state", flat=True))


def test_only_what_certainly_did_not_leave_and_may_leave_is_tried_again(settled: Campaign, ana: Membership) -> None:
    assert lifecycle.retry_failed(settled, actor=ana) == 1
    assert by_position(settled) == ["sent", "queued", "failed", "invalid", "unknown", "failed"]
    again = Recipient.objects.get(position=2)
    assert (again.attempts, again.channel_id, again.error_code) == (0, None, "")
    settled.refresh_from_db()
    assert (settled.state, settled.finished_at) == (CampaignState.RUNNING, None)
    assert AuditEntry.objects.get(action="campaign.retried").data == {"count": 1}


def test_a_pinned_contact_stays_with_its_number_when_tried_again(settled: Campaign) -> None:
    Recipient.objects.filter(position=2).update(pinned=True)
    lifecycle.retry_failed(settled)
    assert Recipient.objects.get(position=2).channel_id == settled.channels.get().pk


def test_with_nothing_to_try_again_nothing_changes(settled: Campaign) -> None:
    Recipient.objects.filter(position=2).update(state="sent")
    assert lifecycle.retry_failed(settled) == 0
    settled.refresh_from_db()
    assert settled.state == CampaignState.COMPLETED


def test_a_cancelled_campaign_sends_nothing_again(settled: Campaign) -> None:
    Campaign.objects.update(state=CampaignState.CANCELLED)
    for action in (lambda: lifecycle.retry_failed(settled), lambda: lifecycle.confirm_all_unknown(settled, "resend")):
        with pytest.raises(CampaignStateError):
            action()
    assert by_position(settled) == ["sent", "failed", "failed", "invalid", "unknown", "failed"]


def test_a_person_sends_an_unknown_again(settled: Campaign, ana: Membership) -> None:
    unknown = Recipient.objects.get(state="unknown")
    lifecycle.confirm_unknown(unknown, "resend", actor=ana)
    unknown.refresh_from_db()
    assert (unknown.state, unknown.attempts, unknown.claim_token) == ("queued", 0, None)
    settled.refresh_from_db()
    assert settled.state == CampaignState.RUNNING
    assert AuditEntry.objects.get(action="campaign.confirmed").actor == ana


def test_a_person_counts_an_unknown_as_sent(settled: Campaign) -> None:
    unknown = Recipient.objects.get(state="unknown")
    before = Campaign.objects.get().sent_count
    lifecycle.confirm_unknown(unknown, "sent")
    unknown.refresh_from_db()
    assert (unknown.state, unknown.sent_at is None) == ("sent", False)
    assert Campaign.objects.get().sent_count == before + 1
    assert Message.objects.get().campaign_ref == unknown.pk
    settled.refresh_from_db()
    assert settled.state == CampaignState.COMPLETED


def test_a_settled_message_is_not_confirmed_twice(settled: Campaign) -> None:
    unknown = Recipient.objects.get(state="unknown")
    lifecycle.confirm_unknown(unknown, "sent")
    with pytest.raises(RecipientStateError):
        lifecycle.confirm_unknown(unknown, "resend")
    assert Recipient.objects.get(pk=unknown.pk).state == "sent"
    assert AuditEntry.objects.filter(action="campaign.confirmed").count() == 1


def test_decisions_other_than_the_two_are_refused(settled: Campaign) -> None:
    with pytest.raises(ValueError, match="forget"):
        lifecycle.confirm_unknown(Recipient.objects.get(state="unknown"), "forget")


def test_all_unknown_are_confirmed_at_once(settled: Campaign) -> None:
    Recipient.objects.filter(position__in=[1, 2]).update(state="unknown")
    assert lifecycle.confirm_all_unknown(settled, "sent") == 3
    assert by_position(settled)[:2] == ["sent", "sent"]
    assert lifecycle.confirm_all_unknown(settled, "sent") == 0
