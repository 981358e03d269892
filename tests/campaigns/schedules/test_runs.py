"""A time of a series is made of what its pattern says at that moment, and stays so."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Organization
from campaigns.models import Campaign, CampaignAgent, Recipient
from campaigns.schedules import series
from campaigns.schedules.starts import start_due
from campaigns.sequences.advance import advance_sequences
from campaigns.sequences.steps import StepDraft, save_steps
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft
from leads.models import Contact, ListMembership
from sdr.models import Agent
from tests.campaigns.sequences.conftest import deliver

pytestmark = pytest.mark.django_db
RULE = {"unit": "week", "weekdays": [0], "at": "09:00", "first_on": "2026-11-23"}
SATURDAY = datetime(2026, 11, 21, 15, tzinfo=UTC)
STEPS = [StepDraft(2, ["Lembra, {nome}?", "Viu, {nome}?"]), StepDraft(5, ["Última."], "hours")]
TEXTS = [VariantDraft("Oi, {nome}!", 3), VariantDraft("Olá, {nome}!", 1)]


def monday(number: int = 0) -> datetime:
    """Return nine o'clock in São Paulo on the n-th Monday of the rule."""
    return datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(weeks=number)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(SATURDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def pattern(in_acme: Organization, make_campaign: Callable[..., Campaign], clock: Any) -> Campaign:
    """A series of everything: two wordings of unequal weights, three steps, rules, hours, a class."""
    campaign = make_campaign(
        4, variants=TEXTS, audience={"without_tags": ["vip"], "not_in_campaign": True}, priority=50, split="auto",
        sending_hours={"days": [0, 1, 2, 3, 4], "start": "08:00", "end": "18:00", "skips_holidays": True},
    )  # fmt: skip
    save_steps(campaign, STEPS, ["replied", "closed"])
    CampaignAgent.objects.create(campaign=campaign, agent=Agent.objects.create(name="Retorno"))
    return series.repeat(campaign, RULE)


def run_at(clock: Any, pattern: Campaign, number: int) -> Campaign:
    """Let the n-th Monday come, and return what it made."""
    clock.move_to(monday(number))
    start_due()
    run: Campaign = pattern.runs.get(start_at=monday(number))
    return run


def said(campaign: Campaign) -> dict[str, Any]:
    """Return everything that a campaign says, to whom, through which numbers and by whom."""
    return {
        "texts": list(campaign.variants.order_by("label").values_list("step", "label", "body", "weight")),
        "steps": list(campaign.steps.values_list("number", "wait", "unit")),
        "lists": list(campaign.campaign_lists.order_by("pk").values_list("contact_list", flat=True)),
        "numbers": list(campaign.campaign_channels.order_by("pk").values_list("channel", flat=True)),
        "agent": campaign.answering.agent_id,
        **{
            name: getattr(campaign, name)
            for name in (
                "audience_rules", "sending_hours", "stops_on", "priority", "split", "late_hours", "attribution_days",
                "business_context",
            )
        },
    }  # fmt: skip


def test_a_time_says_all_that_its_pattern_says(pattern: Campaign, clock: Any) -> None:
    run = run_at(clock, pattern, 0)
    assert said(run) == said(pattern)
    assert sorted((step, weight) for step, _label, _body, weight in said(run)["texts"]) == [
        (1, 1), (1, 3), (2, 1), (2, 1), (3, 1),
    ]  # fmt: skip
    assert (run.state, run.repeats, run.series_id) == ("running", False, pattern.pk)
    assert {row.pk for row in run.variants.all()}.isdisjoint({row.pk for row in pattern.variants.all()})


def test_people_are_divided_by_the_weights_of_the_pattern(pattern: Campaign, make_contact: Any, clock: Any) -> None:
    target = pattern.lists.get()
    ListMembership.objects.bulk_create(
        ListMembership(
            organization_id=target.organization_id, contact_list=target, contact=make_contact(number), row_number=number
        )
        for number in range(100, 300)
    )
    run = run_at(clock, pattern, 0)
    heavy = run.recipients.filter(variant__label="A").count()
    assert run.recipients.count() == 204
    assert 120 <= heavy <= 185, "three of four, give or take chance"


def test_its_sequence_goes_on_by_the_steps_of_the_pattern(pattern: Campaign, clock: Any) -> None:
    run = run_at(clock, pattern, 0)
    deliver(monday())
    clock.move_to(monday() + timedelta(days=2))
    assert advance_sequences() == 4
    second = run.recipients.filter(step=2)
    assert set(second.values_list("variant__body", flat=True)) <= {"Lembra, {nome}?", "Viu, {nome}?"}
    assert second.count() == 4
    assert not Recipient.objects.filter(campaign=pattern).exists()


def test_rules_and_exclusions_are_those_of_the_moment(pattern: Campaign, make_contact: Any, clock: Any) -> None:
    first = run_at(clock, pattern, 0)
    assert first.recipients.filter(state="queued").count() == 4
    Recipient.objects.filter(campaign=first, contact__name__in=["Pessoa 0", "Pessoa 1", "Pessoa 2"]).update(
        state="sent"
    )
    Contact.objects.filter(name="Pessoa 0").update(opted_out_at=monday())
    Contact.objects.filter(name="Pessoa 1").update(tags=["vip"])
    newcomer = make_contact(50)
    ListMembership.objects.create(contact_list=pattern.lists.get(), contact=newcomer, row_number=50)
    second = run_at(clock, pattern, 1)
    found = {row.contact.name: row.skip_reason or row.state for row in second.recipients.select_related("contact")}
    assert found == {
        "Pessoa 0": "opted_out", "Pessoa 2": "queued", "Pessoa 3": "in_campaign", "Pessoa 50": "queued",
    }  # fmt: skip


def test_a_change_of_the_pattern_never_reaches_a_time_that_was_made(
    pattern: Campaign, make_list: Any, make_channel: Any, clock: Any
) -> None:
    run = run_at(clock, pattern, 0)
    before, rows = said(run), list(run.recipients.order_by("pk").values())
    changed = lifecycle.update_draft(
        Campaign.objects.get(pk=pattern.pk), name="Outra", list_ids=[make_list(2, first=700).pk],
        variants=[VariantDraft("Nova")], channel_ids=[make_channel("Vendas").pk], priority=-50, audience={}, sending_hours={},
    )  # fmt: skip
    save_steps(changed, [StepDraft(9, ["Bem depois."])], ["booked"])
    CampaignAgent.objects.filter(campaign=changed).update(agent=Agent.objects.create(name="Outro"))
    series.repeat(Campaign.objects.get(pk=pattern.pk), RULE | {"weekdays": [2]})
    run.refresh_from_db()
    fresh = Campaign.objects.get(pk=run.pk)
    assert said(fresh) == before
    assert list(fresh.recipients.order_by("pk").values()) == rows


def test_what_the_shares_of_a_time_became_is_not_the_pattern_s(pattern: Campaign, clock: Any) -> None:
    run = run_at(clock, pattern, 0)
    Campaign.objects.filter(pk=run.pk).update(shares={"x": 1000}, closed_deals=3, attribution_days=7)
    second = run_at(clock, pattern, 1)
    assert (second.shares, second.closed_deals, second.attribution_days) == ({}, 0, 30)


def test_a_campaign_with_an_agent_is_deleted_whole(pattern: Campaign, clock: Any) -> None:
    run = run_at(clock, pattern, 0)
    lifecycle.delete(lifecycle.cancel(run))
    assert CampaignAgent.objects.get().campaign_id == pattern.pk
