"""What of a text is decided for each person when the audience is frozen, and what only when it leaves."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from accounts.models import Membership, Organization
from campaigns.models import Campaign, Recipient, RecipientState
from campaigns.sender.claims import Claimed, Wish, claim, give_back
from campaigns.sender.outcomes import Settlement
from campaigns.sender.settling import settle_batch
from campaigns.services import lifecycle
from campaigns.services.audience import render_for
from campaigns.services.evidence import confirm_by_echoes
from conversations.models import Message
from core.clock import now
from core.ids import uuid7
from core.placeholders import without_signs
from gateways import leases

pytestmark = pytest.mark.django_db

HELLO = "{saudacao}, {nome}! [Tudo bem|Como vai]? Boa semana e {saudacao}."


def claim_one(campaign: Campaign, greeting: str) -> Claimed:
    channel = campaign.channels.get()
    lease = leases.take(channel.pk, 30)
    assert lease is not None
    wish = Wish(
        organization_id=campaign.organization_id, channel_id=channel.pk, lease=lease.token, campaigns=[campaign.pk], count=1,
        cap=None, today=now().date(), gaps=[0.0], ahead=0.15, greeting=greeting,
    )  # fmt: skip
    rows, _delay = claim(wish)
    leases.release(lease)
    return rows[0]


def test_choices_are_frozen_and_differ_between_people(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(40, body="[Oi|Olá|E aí], {nome}!"))
    texts = set(Recipient.objects.filter(campaign=campaign).values_list("body", flat=True))
    assert {text.split(",")[0] for text in texts} == {"Oi", "Olá", "E aí"}
    for row in Recipient.objects.select_related("contact"):
        assert row.body == render_for("[Oi|Olá|E aí], {nome}!", row.contact, campaign.pk)


def test_a_choice_without_placeholders_varies_too(in_acme: Organization, make_campaign: Any) -> None:
    lifecycle.start(make_campaign(40, body="[Oi|Olá], tudo bem?"))
    assert set(Recipient.objects.values_list("body", flat=True)) == {"Oi, tudo bem?", "Olá, tudo bem?"}


def test_the_greeting_is_that_of_the_hour_at_which_the_message_leaves(
    in_acme: Organization, make_campaign: Any
) -> None:
    campaign = lifecycle.start(make_campaign(1, body=HELLO))
    row = claim_one(campaign, "Bom dia")
    assert re.fullmatch(r"Bom dia, Pessoa! (Tudo bem|Como vai)\? Boa semana e bom dia\.", row.body)
    give_back(row.token)
    later = claim_one(campaign, "Boa noite")
    assert later.body == row.body.replace("Bom dia", "Boa noite").replace("bom dia", "boa noite")


def test_the_thread_shows_the_text_as_it_was_sent(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(1, body=HELLO))
    row = claim_one(campaign, "Boa tarde")
    sent = Settlement(row, RecipientState.SENT.value, external_id="x1", at=now())
    settle_batch(campaign.organization_id, campaign.channels.get().pk, [sent])
    assert Message.objects.get().body == row.body == without_signs(Recipient.objects.get().body)


def test_an_echo_finds_the_send_whose_text_has_a_greeting(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(1, body=HELLO))
    row = claim_one(campaign, "Boa tarde")
    Recipient.objects.update(state=RecipientState.UNKNOWN)
    echo = {"external_id": "e1", "chat_id": "", "phone": row.phone, "text": row.body, "at": now().isoformat()}
    assert confirm_by_echoes(in_acme.pk, campaign.channels.get().pk, [echo]) == 1
    assert Message.objects.get().body == row.body


def test_a_text_without_greeting_is_claimed_as_it_is(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(1, body="Oi, {nome}!"))
    assert claim_one(campaign, "Boa tarde").body == "Oi, Pessoa!"


@time_machine.travel(datetime(2026, 3, 2, 13, 0, tzinfo=UTC), tick=False)  # 10h in São Paulo
def test_the_preview_shows_the_very_text_that_is_sent(
    in_acme: Organization, bruno: Membership, login: Any, make_list: Any, make_channel: Any
) -> None:
    body = "{saudacao}, {nome}! [1|2|3|4|5][1|2|3|4|5][1|2|3|4|5][1|2|3|4|5]"
    form = {
        "key": str(uuid7()), "name": "Março", "lists": [str(make_list(1).pk)], "channels": [str(make_channel().pk)],
        "variant": [body], "when": "now", "go": "send",
    }  # fmt: skip
    client = login(bruno)
    html = client.post("/campanhas/nova/previa/", form, headers={"HX-Request": "true"}).content.decode()
    client.post("/campanhas/nova/", form)
    sent = claim_one(Campaign.objects.get(), "Bom dia").body
    assert sent.startswith("Bom dia, Pessoa! ")
    assert sent in html
