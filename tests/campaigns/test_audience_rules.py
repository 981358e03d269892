"""Whom of its lists a campaign is for, and whom it leaves out by rule: counted before, the same found after."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Organization
from billing.charges.confirming import confirm_by_hand
from bookings.charges.models import ChargeLink
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState, SkipReason
from campaigns.services import lifecycle
from campaigns.services.audience import preview_audience
from campaigns.services.audience_rules import AudienceRules
from core.clock import now
from core.tenancy import activate_organization
from leads.models import Contact
from tests.billing.charging import pix_charge

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(in_acme: Organization, make_contact: Any, make_list: Any) -> Any:
    """A list with people who differ in everything that rules look at."""
    days = timedelta(days=1)
    return make_list(
        contacts=[
            make_contact(
                1, "Ana", temperature="quente", tags=["vip", "dentes"], city="Campinas", last_seen_at=now() - 3 * days
            ),
            make_contact(
                2, "Bia", temperature="frio", tags=["dentes"], city="CAMPINAS", last_seen_at=now() - 90 * days
            ),
            make_contact(3, "Caio", tags=[], city="Santos", attributes={"plano": "Ouro"}),
            make_contact(
                4, "Davi", temperature="morno", tags=["vip"], attributes={"plano": "Prata"}, email="d@exemplo.com.br"
            ),
            make_contact(5, "Eva", temperature="quente", tags=["vip"], opted_out_at=now()),
        ]
    )


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ({}, "Ana Bia Caio Davi"),
        ({"temperatures": ["quente"]}, "Ana"),
        ({"temperatures": ["quente", "none"]}, "Ana Caio"),
        ({"tags": ["vip"]}, "Ana Davi"),
        ({"tags": ["vip", "dentes"]}, "Ana Bia Davi"),
        ({"tags": ["dentes"], "without_tags": ["vip"]}, "Bia"),
        ({"fields": [{"key": "cidade", "operator": "is", "value": "campinas"}]}, "Ana Bia"),
        ({"fields": [{"key": "cidade", "operator": "is_not", "value": "campinas"}]}, "Caio Davi"),
        ({"fields": [{"key": "plano", "operator": "contains", "value": "our"}]}, "Caio"),
        ({"fields": [{"key": "plano", "operator": "filled"}]}, "Caio Davi"),
        ({"fields": [{"key": "plano", "operator": "empty"}]}, "Ana Bia"),
        ({"fields": [{"key": "plano", "operator": "filled"}, {"key": "email", "operator": "filled"}]}, "Davi"),
        ({"fields": [{"key": "x'); DROP TABLE leads_contact; --", "operator": "is", "value": "'; --"}]}, ""),
        ({"silent_days": 30}, "Bia Caio Davi"),
        ({"recent_days": 30}, "Ana"),
        ({"silent_days": 30, "recent_days": 100}, "Bia"),
    ],
)
def test_a_campaign_is_for_those_who_are_meant(people: Any, make_campaign: Any, rules: Any, names: str) -> None:
    counts = preview_audience([people.pk], AudienceRules.of(rules))
    wanted = names.split()
    assert counts.receives == len(wanted)
    assert counts.total + counts.outside == 5
    campaign: Campaign = make_campaign(lists=[people], audience=rules)
    if not wanted:
        with pytest.raises(CampaignIncompleteError):
            lifecycle.start(campaign)
        return
    lifecycle.start(campaign)
    queued = Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED)
    assert list(queued.order_by("position").values_list("contact__name", flat=True)) == wanted
    # Whoever is not meant has no row; whoever is meant and may not be written to has one with the reason.
    assert Recipient.objects.filter(campaign=campaign).count() == counts.total


def test_who_is_meant_and_opted_out_is_left_out_with_the_reason(people: Any) -> None:
    counts = preview_audience([people.pk], AudienceRules.of({"tags": ["vip"]}))
    assert (counts.total, counts.outside, counts.left_out) == (3, 2, {SkipReason.OPTED_OUT: 1})


def test_nobody_gets_two_campaigns_at_once(people: Any, make_campaign: Any) -> None:
    lifecycle.start(make_campaign(lists=[people], audience={"tags": ["dentes"]}))
    second = make_campaign(lists=[people], audience={"not_in_campaign": True})
    lifecycle.start(second)
    left = Recipient.objects.filter(campaign=second, skip_reason=SkipReason.IN_CAMPAIGN)
    assert set(left.values_list("contact__name", flat=True)) == {"Ana", "Bia"}
    assert Recipient.objects.filter(campaign=second, state=RecipientState.QUEUED).count() == 2


def test_a_campaign_that_is_over_keeps_nobody_from_the_next(people: Any, make_campaign: Any) -> None:
    lifecycle.start(make_campaign(lists=[people]))
    Campaign.objects.update(state=CampaignState.CANCELLED)
    assert preview_audience([people.pk], AudienceRules(not_in_campaign=True)).receives == 4


def test_a_cap_counts_the_messages_of_all_campaigns(people: Any, make_campaign: Any) -> None:
    for age in (1, 5, 20):
        campaign = lifecycle.start(make_campaign(lists=[people], audience={"unanswered": 99}))
        rows = Recipient.objects.filter(
            campaign=campaign, contact__name__in=["Ana", "Caio"], state=RecipientState.QUEUED
        )
        rows.update(state=RecipientState.SENT, sent_at=now() - timedelta(days=age))
        Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED).update(state=RecipientState.FAILED)

    def capped(count: int, days: int) -> int:
        rules = AudienceRules(cap_count=count, cap_days=days, unanswered=99)
        return preview_audience([people.pk], rules).left_out.get(SkipReason.FREQUENCY, 0)

    assert (capped(2, 7), capped(3, 7), capped(3, 30), capped(4, 30)) == (2, 0, 2, 0)


def test_the_limit_of_messages_without_an_answer_is_the_campaigns_own(people: Any, make_campaign: Any) -> None:
    first = lifecycle.start(make_campaign(lists=[people]))
    Recipient.objects.filter(campaign=first, contact__name="Caio").update(state="sent", sent_at=now())
    left_out = preview_audience([people.pk], AudienceRules(unanswered=1)).left_out
    assert left_out[SkipReason.UNANSWERED] == 1
    assert SkipReason.UNANSWERED not in preview_audience([people.pk]).left_out


def test_customers_may_be_left_in_peace(people: Any) -> None:
    paid, asked = pix_charge(), pix_charge()
    ChargeLink.objects.create(charge=paid, contact=Contact.objects.get(name="Ana"))
    ChargeLink.objects.create(charge=asked, contact=Contact.objects.get(name="Caio"))
    confirm_by_hand(paid.pk, actor=None)
    assert preview_audience([people.pk], AudienceRules(not_customer=True)).left_out[SkipReason.CUSTOMER] == 1
    assert preview_audience([people.pk]).receives == 4


def test_other_organizations_count_for_nothing(
    people: Any, make_campaign: Any, make_contact: Any, make_list: Any, make_organization: Any
) -> None:
    rules = AudienceRules(not_in_campaign=True, cap_count=1, cap_days=30, not_customer=True)
    before = preview_audience([people.pk], rules)
    with activate_organization(make_organization("Bela Flor").pk):
        lifecycle.start(make_campaign(lists=[make_list(contacts=[make_contact(1, "Ana", temperature="quente")])]))
        assert preview_audience([people.pk], rules).total == 0
    assert preview_audience([people.pk], rules) == before


@pytest.mark.parametrize(
    "rules",
    [
        {"temperatures": ["pelando"]},
        {"temperatures": "quente"},
        {"temperatures": 5},
        {"tags": ["x"] + [str(number) for number in range(30)]},
        {"fields": [{"key": "plano", "operator": "like", "value": "x"}]},
        {"fields": [{"key": "", "operator": "is", "value": "x"}]},
        {"fields": [{"key": "plano", "operator": "is"}]},
        {"fields": [{"key": "plano", "operator": "is", "value": "\x00"}]},
        {"fields": [{"key": "plano", "operator": "filled"}] * 6},
        {"fields": "plano"},
        {"silent_days": -1},
        {"silent_days": "muitos"},
        {"silent_days": 10, "recent_days": 5},
        {"recent_days": 10**9},
        {"cap_count": 2},
        {"cap_days": 7},
        {"unanswered": 0},
    ],
)
def test_rules_that_make_no_sense_are_refused_in_words(people: Any, make_campaign: Any, rules: Any) -> None:
    with pytest.raises(CampaignIncompleteError) as refused:
        make_campaign(lists=[people], audience=rules)
    assert refused.value.code == "audience"
    assert not Campaign.objects.exists()


def test_rules_are_kept_without_those_that_say_nothing() -> None:
    said = {"tags": ["vip"], "fields": [{"key": "Plano", "operator": "filled"}], "silent_days": 0}
    kept = AudienceRules.of(said).kept()
    assert kept == {"tags": ("vip",), "fields": (("plano", "filled", ""),)}
    assert AudienceRules.of(kept) == AudienceRules.of(said)
