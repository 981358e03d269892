"""A number is banned in the middle of a campaign: another goes on by itself, and nobody is written to twice."""

from typing import Any

import pytest
from django.core import mail

from accounts.models import Membership, Organization
from campaigns.models import Recipient, RecipientState
from campaigns.services import lifecycle
from conversations.models import Conversation
from core.clock import now
from gateways.models import Channel, ChannelState, IncidentKind, PoolIncident
from gateways.pool.drills import LIMIT_SECONDS
from gateways.pool.guard import watch_pools
from gateways.services.evidence import BANNED_AFTER_FAILURES
from leads.models import Contact
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import Gateway, phone_of
from tests.faults.scene import REACHED, campaign_to, connect, count_of, finish, people, phones_in
from tests.faults.senders import Senders, until
from tests.faults.web import Web, ack
from tests.support.jobs import drain
from tests.support.journeys import until as drained_until

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PEOPLE, KNOWN, GAP_MS = 60, 45, 200
# What the number had claimed when it was banned may still leave: at this pace it claims one by one.
UNDER_WAY = 3


def talk(channel: Channel, contacts: list[Contact]) -> set[str]:
    """Let people have talked with a number, so that they belong to it; return their phones."""
    Conversation.objects.bulk_create(
        Conversation(
            organization_id=channel.organization_id, contact=one, channel=channel, status="open", last_message_at=now()
        )
        for one in contacts
    )
    return {one.phone for one in contacts}


def by(gateway: Gateway, session: str) -> list[dict[str, Any]]:
    """Return what one number sent, in order."""
    return [hit for hit in gateway.hits() if hit["session"] == session]


def test_a_ban_in_the_middle_of_a_campaign_needs_no_person(
    in_acme: Organization, ana: Membership, senders: Senders, web: Web, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("titular", "vendas", "reserva", latency_ms=10)
    main, other = connect(gateway, "titular", gap_ms=GAP_MS), connect(gateway, "vendas", gap_ms=GAP_MS)
    reserve = connect(gateway, "reserva", gap_ms=GAP_MS, role="standby")
    contacts = people(PEOPLE)
    own = talk(main, contacts[-KNOWN:])
    campaign = campaign_to(contacts, [main, other])
    assert set(Recipient.objects.filter(pinned=True).values_list("phone", flat=True)) == own
    lifecycle.resume(campaign)
    sender = senders.start()
    until(lambda: len(by(gateway, "titular")) >= BANNED_AFTER_FAILURES, "it has sent some")

    # WhatsApp says nothing of a ban; that it refuses one message after another does.
    refused = by(gateway, "titular")[:BANNED_AFTER_FAILURES]
    assert web.post_all(((main, ack(hit, -1)) for hit in refused), threads=1) == [200] * BANNED_AFTER_FAILURES
    drained_until(lambda: Channel.objects.get(pk=main.pk).state == ChannelState.RESTRICTED, 60)
    until(lambda: gateway.count() == PEOPLE, "everybody has been written to")
    sender.stop()
    finish(senders, [campaign])
    watch_pools()
    drain()

    incident = PoolIncident.objects.get()
    hits, banned = gateway.hits(), incident.began_at.timestamp()
    seconds = by(gateway, "reserva")[0]["at"] - banned
    print(f"another number went on after {seconds:.2f} s; the limit is {LIMIT_SECONDS:.0f} s")
    assert 0 < seconds < LIMIT_SECONDS
    assert (incident.kind, incident.channel, incident.replaced_by) == (IncidentKind.BAN, main, reserve)
    assert incident.first_send_at is not None and incident.causes
    assert len([hit for hit in by(gateway, "titular") if hit["at"] > banned]) <= UNDER_WAY
    assert gateway.twice() == []
    assert set(gateway.phones()) == {one.phone for one in contacts}
    moved = [hit for hit in hits if phone_of(hit) in own and hit["session"] != "titular"]
    assert moved, "who belonged to it is written to by the others"
    assert {row.channel for row in Recipient.objects.filter(phone__in=map(phone_of, moved))} <= {other, reserve}
    # What the provider refused has failed, and is sent by nobody again.
    assert phones_in(campaign, RecipientState.FAILED) == {phone_of(hit) for hit in refused}
    assert count_of(campaign, *REACHED) == PEOPLE - BANNED_AFTER_FAILURES
    assert [letter.to for letter in mail.outbox if "titular" in letter.subject] == [[ana.user.email]]
