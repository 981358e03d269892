from datetime import timedelta
from typing import Any

import pytest

from accounts.models import AuditEntry, Membership, Organization
from campaigns.errors import CampaignIncompleteError, CampaignStateError, EmptyAudienceError
from campaigns.models import Campaign, CampaignChannel, CampaignList, CampaignState, Recipient, Variant
from campaigns.services import lifecycle, transitions
from campaigns.services.lifecycle import VariantDraft
from campaigns.services.transitions import Action
from core.clock import now
from core.tenancy import activate_organization

pytestmark = pytest.mark.django_db


def states(campaign: Campaign) -> list[str]:
    return list(Recipient.objects.filter(campaign=campaign).order_by("position").values_list("state", flat=True))


def test_a_campaign_without_a_start_is_a_draft(in_acme: Organization, make_campaign: Any, ana: Membership) -> None:
    campaign = make_campaign(actor=ana)
    assert (campaign.state, campaign.created_by) == (CampaignState.DRAFT, ana)
    assert AuditEntry.objects.get().action == "campaign.created"


def test_a_campaign_with_a_start_is_scheduled(in_acme: Organization, make_campaign: Any) -> None:
    at = now() + timedelta(minutes=10)
    campaign = make_campaign(start_at=at)
    assert (campaign.state, campaign.start_at) == (CampaignState.SCHEDULED, at)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"list_ids": []}, "list_ids"),
        ({"channel_ids": []}, "channel_ids"),
        ({"variants": []}, "variants"),
        ({"variants": [VariantDraft(" ")]}, "variants"),
        ({"variants": [VariantDraft("Oi", 0)]}, "variants"),
        ({"variants": [VariantDraft("x" * 4097)]}, "variants"),
        ({"variants": [VariantDraft("Oi\x00")]}, "variants"),
        ({"variants": [VariantDraft("Oi")] * 21}, "variants"),
        ({"start_at": now() - timedelta(hours=1)}, "start_at"),
        ({"start_at": (now() + timedelta(hours=1)).replace(tzinfo=None)}, "start_at"),
        ({"sending_hours": {"start": "9h", "end": "18:00"}}, "sending_hours"),
        ({"sending_hours": {"start": "09:00"}}, "sending_hours"),
        ({"sending_hours": {"start": "09:00", "end": "18:00", "days": [7]}}, "sending_hours"),
        ({"priority": 101}, "priority"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_and_nothing_is_written(
    in_acme: Organization, make_list: Any, make_channel: Any, change: dict[str, Any], code: str
) -> None:
    values: dict[str, Any] = {
        "name": "Novembro", "list_ids": [make_list().pk], "variants": [VariantDraft("Oi")],
        "channel_ids": [make_channel().pk],
    }  # fmt: skip
    with pytest.raises(CampaignIncompleteError) as refused:
        lifecycle.create_campaign(**(values | change))
    assert refused.value.code == code
    assert refused.value.status == 422
    assert not Campaign.objects.exists()


def test_lists_and_numbers_of_another_organization_are_refused_like_absent_ones(
    in_acme: Organization, make_list: Any, make_channel: Any, make_organization: Any
) -> None:
    with activate_organization(make_organization("Bela Flor").pk):
        foreign_list, foreign_channel = make_list(first=50), make_channel()
    for lists, channels, code in (
        ([foreign_list.pk], [make_channel().pk], "list_ids"),
        ([make_list().pk], [foreign_channel.pk], "channel_ids"),
    ):
        with pytest.raises(CampaignIncompleteError) as refused:
            lifecycle.create_campaign(name="X", list_ids=lists, variants=[VariantDraft("Oi")], channel_ids=channels)
        assert refused.value.code == code
    assert not Campaign.objects.exists()


def test_a_campaign_needs_an_active_number(in_acme: Organization, make_campaign: Any, make_channel: Any) -> None:
    with pytest.raises(CampaignIncompleteError) as refused:
        make_campaign(channels=[make_channel(role="standby")])
    assert refused.value.code == "channel_ids"


def test_a_draft_can_be_replaced_whole(
    in_acme: Organization, make_campaign: Any, make_list: Any, make_channel: Any
) -> None:
    campaign = make_campaign()
    other, channel = make_list(2, first=20), make_channel("Outro")
    lifecycle.update_draft(
        campaign, name="Dezembro", list_ids=[other.pk], variants=[VariantDraft("A"), VariantDraft("B", 3)],
        channel_ids=[channel.pk], sending_hours={"start": "9:00", "end": "18:00", "days": [4, 0, 0]},
    )  # fmt: skip
    campaign.refresh_from_db()
    assert (campaign.name, campaign.sending_hours) == (
        "Dezembro", {"start": "09:00", "end": "18:00", "days": [0, 4]},
    )  # fmt: skip
    assert list(campaign.variants.values_list("label", "body", "weight")) == [("A", "A", 1), ("B", "B", 3)]
    assert [x.contact_list_id for x in campaign.campaign_lists.all()] == [other.pk]
    assert [x.channel_id for x in campaign.campaign_channels.all()] == [channel.pk]


def test_start_freezes_the_audience_and_sends(in_acme: Organization, make_campaign: Any, ana: Membership) -> None:
    campaign = lifecycle.start(make_campaign(3), actor=ana)
    assert (campaign.state, campaign.total) == (CampaignState.RUNNING, 3)
    assert states(campaign) == ["queued"] * 3
    assert campaign.started_at is not None


def test_a_second_start_is_refused_and_makes_no_second_audience(in_acme: Organization, make_campaign: Any) -> None:
    campaign = make_campaign(3)
    lifecycle.start(campaign)
    with pytest.raises(CampaignStateError):
        lifecycle.start(campaign)
    assert Recipient.objects.count() == 3


def test_a_campaign_to_nobody_does_not_start(in_acme: Organization, make_campaign: Any, make_list: Any) -> None:
    campaign = make_campaign(lists=[make_list(0)])
    with pytest.raises(EmptyAudienceError) as refused:
        lifecycle.start(campaign)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.started_at, refused.value.status) == (CampaignState.DRAFT, None, 409)
    assert not Recipient.objects.exists()


def test_a_campaign_whose_number_was_removed_does_not_start(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    channel = make_channel()
    campaign = make_campaign(channels=[channel])
    channel.removed_at = now()
    channel.save()
    with pytest.raises(CampaignIncompleteError):
        lifecycle.start(campaign)


def test_pause_and_resume(in_acme: Organization, make_campaign: Any, bruno: Membership) -> None:
    campaign = lifecycle.start(make_campaign())
    assert lifecycle.pause(campaign, actor=bruno).state == CampaignState.PAUSED
    assert lifecycle.resume(campaign, actor=bruno).state == CampaignState.RUNNING
    assert states(campaign) == ["queued"] * 3
    assert [row.action for row in AuditEntry.objects.order_by("at")][-2:] == ["campaign.paused", "campaign.resumed"]


def test_cancel_leaves_out_who_is_still_in_line(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign())
    Recipient.objects.filter(campaign=campaign, position=1).update(state="sent")
    lifecycle.cancel(campaign)
    assert states(campaign) == ["sent", "skipped", "skipped"]
    assert set(Recipient.objects.filter(state="skipped").values_list("skip_reason", flat=True)) == {"cancelled"}


def test_schedule_and_unschedule(in_acme: Organization, make_campaign: Any) -> None:
    campaign, at = make_campaign(), now() + timedelta(hours=1)
    assert lifecycle.schedule(campaign, at).state == CampaignState.SCHEDULED
    campaign = lifecycle.unschedule(campaign)
    assert (campaign.state, campaign.start_at) == (CampaignState.DRAFT, None)


def test_delete_leaves_no_row_behind(in_acme: Organization, make_campaign: Any, ana: Membership) -> None:
    campaign = lifecycle.start(make_campaign())
    lifecycle.cancel(campaign)
    lifecycle.delete(campaign, actor=ana)
    for model in (Campaign, Recipient, Variant, CampaignChannel, CampaignList):
        assert not model.objects.exists()
    assert AuditEntry.objects.filter(action="campaign.deleted").count() == 1


def test_a_campaign_with_messages_on_their_way_is_not_deleted(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign())
    Recipient.objects.filter(position=1).update(state="sending")
    lifecycle.pause(campaign)
    with pytest.raises(CampaignStateError):
        lifecycle.delete(campaign)
    assert Recipient.objects.count() == 3


ALLOWED = {
    Action.UPDATE: "draft scheduled",
    Action.START: "draft scheduled",
    Action.SCHEDULE: "draft scheduled",
    Action.UNSCHEDULE: "scheduled",
    Action.PAUSE: "running",
    Action.RESUME: "paused",
    Action.CANCEL: "scheduled running paused",
    Action.COMPLETE: "running",
    Action.REQUEUE: "running paused completed",
    Action.CHOOSE: "running paused",
    Action.DELETE: "draft scheduled paused completed cancelled",
    Action.SKIP: "",
}
ALLOWED_OF_SERIES = {
    Action.UPDATE: "draft scheduled paused",
    Action.START: "",
    Action.SCHEDULE: "",
    Action.UNSCHEDULE: "scheduled",
    Action.PAUSE: "scheduled",
    Action.RESUME: "paused",
    Action.CANCEL: "scheduled paused",
    Action.COMPLETE: "scheduled",
    Action.REQUEUE: "",
    Action.CHOOSE: "",
    Action.DELETE: "draft paused completed cancelled",
    Action.SKIP: "scheduled",
}


@pytest.mark.parametrize("repeats", [False, True], ids=["campaign", "series"])
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("state", CampaignState.values)
def test_the_table_of_moves(action: Action, state: str, repeats: bool) -> None:
    campaign = Campaign(state=state, repeats=repeats)
    allowed = state in (ALLOWED_OF_SERIES if repeats else ALLOWED)[action].split()
    assert transitions.is_allowed(campaign, action) is allowed
    if allowed:
        transitions.check(campaign, action)
    else:
        with pytest.raises(CampaignStateError) as refused:
            transitions.check(campaign, action)
        assert "%" not in refused.value.message


def test_refusals_change_nothing(in_acme: Organization, make_campaign: Any) -> None:
    campaign = make_campaign()
    for action in (lifecycle.pause, lifecycle.resume, lifecycle.cancel, lifecycle.unschedule, lifecycle.retry_failed):
        with pytest.raises(CampaignStateError):
            action(campaign)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_closed_deals_never_go_below_zero(in_acme: Organization, make_campaign: Any) -> None:
    campaign = make_campaign()
    assert [lifecycle.adjust_deals(campaign, change) for change in (1, 1, -1, -1, -1, 1)] == [1, 2, 1, 0, 0, 1]


def test_complete_when_nothing_waits_and_unknown_does_not_hold_it(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign())
    rows = Recipient.objects.filter(campaign=campaign)
    rows.filter(position=1).update(state="sent")
    rows.filter(position=2).update(state="unknown")
    assert lifecycle.complete_if_done(campaign.pk) is False
    rows.filter(position=3).update(state="failed")
    assert lifecycle.complete_if_done(campaign.pk) is True
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.COMPLETED
    assert campaign.finished_at is not None
