"""Two contacts of a campaign turn out to be one person."""

from typing import Any

import pytest

from accounts.models import Membership, Organization
from campaigns.models import Campaign, Recipient
from campaigns.provenance.links import token_of
from campaigns.sender.claims import Wish, claim, skip_unsendable
from campaigns.services import lifecycle
from core.clock import now
from gateways import leases
from leads.models import Contact
from leads.services.consent import opt_out
from leads.services.joining import join_contacts, take_apart

pytestmark = pytest.mark.django_db


def claimed(organization: Organization, campaign: Campaign) -> set[str]:
    channel = campaign.channels.get()
    lease = leases.take(channel.pk, 30)
    assert lease is not None
    wish = Wish(
        organization_id=organization.pk, channel_id=channel.pk, lease=lease.token, campaigns=[campaign.pk], count=50,
        cap=None, today=now().date(), gaps=[0.0] * 50, ahead=0.15, greeting="Boa tarde",
    )  # fmt: skip
    rows, _delay = claim(wish)
    leases.release(lease)
    skip_unsendable([campaign.pk])
    return {row.phone for row in rows}


def rows_of(campaign: Campaign) -> dict[str, tuple[str, str]]:
    found = Recipient.objects.filter(campaign=campaign).values_list("phone", "state", "skip_reason")
    return {phone: (state, reason) for phone, state, reason in found}


@pytest.fixture
def two(in_acme: Organization, make_contact: Any) -> tuple[Contact, Contact]:
    return make_contact(1, "Maria"), make_contact(2, "Maria S.")


def test_who_is_in_the_line_twice_gets_the_message_once(
    in_acme: Organization, make_campaign: Any, make_list: Any, two: tuple[Contact, Contact], ana: Membership
) -> None:
    campaign = lifecycle.start(make_campaign(lists=[make_list(contacts=list(two))]))
    kept, gone = two
    phones = kept.phone, gone.phone
    join_contacts(kept, gone, actor=ana)
    assert rows_of(campaign) == {phones[0]: ("queued", ""), phones[1]: ("skipped", "duplicate")}
    assert claimed(in_acme, campaign) == {phones[0]}


def test_who_has_the_message_already_does_not_get_it_again(
    in_acme: Organization, make_campaign: Any, make_list: Any, two: tuple[Contact, Contact], ana: Membership
) -> None:
    campaign = lifecycle.start(make_campaign(lists=[make_list(contacts=list(two))]))
    kept, gone = two
    phones = kept.phone, gone.phone
    Recipient.objects.filter(contact=gone).update(state="sent", sent_at=now())
    join_contacts(kept, gone, actor=ana)
    assert rows_of(campaign) == {phones[0]: ("skipped", "duplicate"), phones[1]: ("sent", "")}


def test_a_place_in_line_goes_with_the_person_and_so_does_asking_not_to_receive(
    in_acme: Organization, make_campaign: Any, make_list: Any, two: tuple[Contact, Contact], ana: Membership
) -> None:
    kept, gone = two
    campaign = lifecycle.start(make_campaign(lists=[make_list(contacts=[gone])]))
    join_contacts(kept, gone, actor=ana)
    assert Recipient.objects.get().contact_id == kept.pk
    opt_out(kept.pk, reason="sair", at=now())
    assert claimed(in_acme, campaign) == set()
    assert Recipient.objects.get().skip_reason == "opted_out"


def test_taken_apart_each_has_their_place_again(
    in_acme: Organization, make_campaign: Any, make_list: Any, two: tuple[Contact, Contact], ana: Membership
) -> None:
    kept, gone = two
    campaign = lifecycle.start(make_campaign(lists=[make_list(contacts=[kept, gone])]))
    other = lifecycle.start(make_campaign(lists=[make_list(contacts=[gone])]))
    merge = join_contacts(kept, gone, actor=ana)
    take_apart(merge, actor=ana)
    assert set(rows_of(campaign).values()) == {("queued", "")}
    assert list(other.recipients.values_list("contact_id", flat=True)) == [gone.pk]


def test_the_way_out_behind_an_old_link_is_that_of_the_person(
    in_acme: Organization,
    make_campaign: Any,
    make_list: Any,
    two: tuple[Contact, Contact],
    ana: Membership,
    client: Any,
) -> None:
    kept, gone = two
    lifecycle.start(make_campaign(lists=[make_list(contacts=[kept, gone])]))
    left = Recipient.objects.get(contact=gone)
    join_contacts(kept, gone, actor=ana)
    assert Recipient.objects.get(pk=left.pk).contact_id == gone.pk
    answer = client.post(f"/porque/{token_of(left.pk)}/sair/", follow=True)
    assert answer.status_code == 200
    kept.refresh_from_db()
    assert kept.opted_out_at is not None


def test_who_is_not_to_be_written_to_any_more_is_left_out_of_the_line(
    in_acme: Organization, make_campaign: Any, make_list: Any, two: tuple[Contact, Contact]
) -> None:
    campaign = lifecycle.start(make_campaign(lists=[make_list(contacts=list(two))]))
    Contact.objects.filter(pk=two[1].pk).update(status=0)
    assert claimed(in_acme, campaign) == {two[0].phone}
    assert rows_of(campaign)[two[1].phone] == ("skipped", "status")
