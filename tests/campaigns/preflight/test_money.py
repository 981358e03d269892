"""What the plan says about money, and what it keeps at the start."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Organization
from accounts.services.secrets_store import set_secret
from campaigns.models import Campaign, Recipient, Variant
from campaigns.preflight.comparing import compare
from campaigns.preflight.likeness import alike_variants, echoes
from campaigns.preflight.money import ai_cost, fee_lines
from campaigns.services import lifecycle
from campaigns.services.lifecycle import VariantDraft
from core.clock import now
from gateways.models import MessageTemplate
from sdr.models import ModelCall
from sdr.services.profiles import get_profile
from tests.support.redis import forget_keys

pytestmark = pytest.mark.django_db

OFFER = "Oi, {nome}! A limpeza de novembro está com horários à noite. Quer que eu reserve um para você?"


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    forget_keys()


def test_metas_fee_is_shared_out_by_weight_and_category(
    in_acme: Organization, make_channel: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.META_FEES = {"MARKETING": 0.35, "UTILITY": 0.04}
    phone, official = make_channel("Recepção", "evolution", config={}), make_channel("Oficial", "cloud", config={})
    MessageTemplate.objects.create(
        channel=official,
        name="promo",
        language="pt_BR",
        category="UTILITY",
        body="Sua consulta é amanhã.",
        status="approved",
    )
    variants = [
        Variant(label="A", body="Sua consulta é amanhã.", weight=1),
        Variant(label="B", body="Promoção!", weight=3),
    ]
    lines = fee_lines([phone, official], variants, {phone.pk: 70, official.pk: 101})
    assert {(one.channel.name, one.category, one.count, one.each) for one in lines} == {
        ("Oficial", "UTILITY", 25, 40_000), ("Oficial", "MARKETING", 76, 350_000),
    }  # fmt: skip
    assert sum(one.micros for one in lines) == 25 * 40_000 + 76 * 350_000


def test_without_a_model_the_ai_costs_nothing(in_acme: Organization) -> None:
    assert ai_cost(1_000).micros == 0


def test_the_ai_is_estimated_from_the_model_until_something_is_known(in_acme: Organization) -> None:
    _with_model()
    found = ai_cost(1_000)
    assert not found.is_known
    assert found.micros == round(1_000 * 0.1 * found.talk)
    assert found.talk == round(9_000 * 0.85 + 700 * 3.40)


def test_the_ai_is_estimated_from_the_last_campaigns(in_acme: Organization, make_campaign: Any) -> None:
    _with_model()
    campaign = lifecycle.start(make_campaign(100))
    rows = Recipient.objects.filter(campaign=campaign)
    rows.update(state="sent", sent_at=now())
    rows.filter(position__lte=20).update(replied_at=now())
    Campaign.objects.update(sent_count=100)
    talk = uuid4()
    for micros in (30_000, 50_000):
        ModelCall.objects.create(task="turn", provider="openai", cost_micros=micros, conversation_ref=talk)
    forget_keys()
    assert ai_cost(500) == (500 * 0.2 * 80_000, 0.2, 80_000, True)


def _with_model() -> None:
    profile = get_profile()
    profile.provider, profile.model = "openai", "gpt-4o-mini"
    profile.save()
    set_secret("openai", "sk-test-0123456789", actor=None)


def test_variants_that_say_the_same_are_pointed_out() -> None:
    texts = [("A", OFFER), ("B", OFFER.replace("Oi", "Olá")), ("C", "Temos um presente para quem volta este mês.")]
    assert [(one.first, one.second) for one in alike_variants(texts)] == [("A", "B")]


def test_the_same_text_to_the_same_people_again_is_pointed_out(
    in_acme: Organization, make_campaign: Any, make_list: Any
) -> None:
    people, others = make_list(5), make_list(5, first=50)
    sent = lifecycle.start(make_campaign(lists=[people], body=OFFER, name="Outubro"))
    Recipient.objects.filter(campaign=sent, position__lte=3).update(state="delivered", sent_at=now())
    (echo,) = echoes([OFFER.replace("novembro", "dezembro")], [people.pk], None)
    assert (echo.campaign, echo.people) == (sent, 3)
    assert echoes([OFFER], [others.pk], None) == []
    assert echoes(["Bom dia! O endereço mudou."], [people.pk], None) == []
    assert echoes([OFFER], [people.pk], sent.pk) == []
    Campaign.objects.update(started_at=now() - timedelta(days=31))
    assert echoes([OFFER], [people.pk], None) == []


def test_what_is_planned_is_kept_at_the_start(in_acme: Organization, make_campaign: Any, make_channel: Any) -> None:
    channel = make_channel(gap_ms=60_000)
    campaign = lifecycle.start(make_campaign(5, channels=[channel]))
    kept = Campaign.objects.get(pk=campaign.pk).promise
    assert (kept["people"], kept["fee_micros"], kept["ai_micros"]) == (5, 0, 0)
    assert sum(count for _hour, count in kept["hours"][str(channel.pk)]) == 5
    ends = datetime.fromisoformat(kept["ends_at"])
    assert ends - datetime.fromisoformat(kept["made_at"]) == pytest.approx(
        timedelta(minutes=4), abs=timedelta(seconds=5)
    )


def test_a_campaign_is_set_beside_its_promise(in_acme: Organization, make_campaign: Any, make_channel: Any) -> None:
    channel = make_channel(gap_ms=60_000)
    campaign = lifecycle.start(make_campaign(4, channels=[channel], variants=[VariantDraft("Oi!")]))
    variant = campaign.variants.get()
    campaign.fees = {str(channel.pk): {str(variant.pk): 350_000}}
    campaign.promise |= {"fee_micros": 1_400_000}
    campaign.save()
    end = datetime.fromisoformat(campaign.promise["ends_at"]) + timedelta(minutes=30)
    Recipient.objects.filter(campaign=campaign).update(state="delivered", channel=channel, sent_at=end)
    Recipient.objects.filter(campaign=campaign, position=1).update(state="failed", sent_at=None)
    assert lifecycle.complete_if_done(campaign.pk)
    campaign.refresh_from_db()
    found = compare(campaign)
    assert found is not None
    assert found.is_over
    assert found.late_seconds == 30 * 60
    assert (found.messages.planned, found.messages.done, found.messages.difference) == (4, 3, -1)
    assert (found.fee.planned, found.fee.done) == (140, 105)
    assert (found.by_channel[channel.pk].planned, found.by_channel[channel.pk].done) == (4, 3)


def test_a_running_campaign_is_compared_with_the_end_in_sight(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    campaign = lifecycle.start(make_campaign(4, channels=[make_channel(gap_ms=60_000)]))
    found = compare(campaign)
    assert found is not None
    assert not found.is_over
    assert found.ends_at is not None
    assert abs(found.late_seconds or 0) < 60


def test_a_campaign_from_before_promised_nothing(in_acme: Organization, make_campaign: Any) -> None:
    assert compare(make_campaign()) is None
