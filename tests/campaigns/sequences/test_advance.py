"""Who got a step gets the next after its wait, once, by the same number, unless something ended it for them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.models import Organization
from bookings.events import BookingConfirmed
from campaigns.models import Campaign, CampaignState, Recipient, Step
from campaigns.queries.waiting import waits
from campaigns.sequences import advance
from campaigns.sequences.advance import advance_sequences
from campaigns.sequences.steps import StepDraft
from campaigns.sequences.waits import due_at, due_since
from campaigns.services import lifecycle
from campaigns.services.standby import arrange_standbys
from conversations.events import ConversationClosed, CustomerReplied
from conversations.models import Conversation
from core.tenancy import across_organizations, activate_organization
from leads.models import Contact
from leads.services.contacts import opt_out
from sagas.outbox import publish
from tests.campaigns.sequences.conftest import DAY, HOUR, MONDAY, deliver, steps_of, sweep
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


def test_each_step_follows_after_its_wait_and_the_campaign_ends_with_the_last(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    assert sweep(clock, MONDAY + 2 * DAY - HOUR) == 0
    assert sweep(clock, MONDAY + 2 * DAY) == 3
    assert set(map(tuple, steps_of(campaign).values())) == {(1, 2)}
    deliver(MONDAY + 2 * DAY)
    assert sweep(clock, MONDAY + 5 * DAY - HOUR) == 0
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert sweep(clock, MONDAY + 5 * DAY) == 3
    deliver(MONDAY + 5 * DAY)
    assert sweep(clock, MONDAY + 9 * DAY) == 0
    campaign.refresh_from_db()
    assert (campaign.state, campaign.recipients.count()) == (CampaignState.COMPLETED, 9)


def test_a_step_has_its_own_words_for_each_person(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence(drafts=[StepDraft(4, ["Oi, {nome}, viu?", "E aí, {nome}?"], "hours")], count=12)
    deliver(MONDAY)
    sweep(clock, MONDAY + 4 * HOUR)
    rows = list(campaign.recipients.filter(step=2).select_related("variant", "contact"))
    assert {row.variant.label for row in rows} == {"2A", "2B"}
    assert all(row.contact.name.split()[0] in row.body for row in rows)


def test_nobody_has_a_step_twice(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    sweep(clock, MONDAY + 2 * DAY)
    # As if what was noted of the first step had been lost.
    campaign.recipients.filter(step=1).update(leads_on=True)
    sweep(clock, MONDAY + 2 * DAY)
    assert campaign.recipients.filter(step=2).count() == 3


def test_who_was_not_reached_goes_no_further(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    for position, state in ((1, "failed"), (2, "unknown"), (3, "invalid")):
        campaign.recipients.filter(position=position).update(state=state, sent_at=MONDAY)
    sweep(clock, MONDAY + 2 * DAY)
    assert not campaign.recipients.filter(step=2).exists()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.COMPLETED


def test_what_turns_out_to_have_left_goes_on_even_after_the_end(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence(1)
    campaign.recipients.update(state="unknown", channel=campaign.channels.get())
    sweep(clock, MONDAY)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.COMPLETED
    lifecycle.confirm_unknown(campaign.recipients.get(), "sent")
    sweep(clock, MONDAY + HOUR)
    sweep(clock, MONDAY + 2 * DAY)
    assert campaign.recipients.filter(step=2).count() == 1


# ---- Same number


def test_a_step_leaves_by_the_number_of_the_one_before(make_sequence: Any, make_channel: Any, clock: Any) -> None:
    channels = [make_channel("Um"), make_channel("Dois")]
    campaign = make_sequence(channels=channels)
    deliver(MONDAY, channels[1])
    sweep(clock, MONDAY + 2 * DAY)
    assert set(campaign.recipients.filter(step=2).values_list("channel_id", "pinned")) == {(channels[1].pk, True)}


def test_when_that_number_serves_no_more_another_does(make_sequence: Any, make_channel: Any, clock: Any) -> None:
    channels = [make_channel("Um"), make_channel("Dois"), make_channel("Reserva", role="standby")]
    campaign = make_sequence(channels=channels)
    deliver(MONDAY, channels[2])
    sweep(clock, MONDAY + 2 * DAY)
    assert set(campaign.recipients.filter(step=2).values_list("channel_id", "pinned")) == {(None, False)}


def test_a_standby_that_steps_back_keeps_nobody(make_sequence: Any, make_channel: Any, clock: Any) -> None:
    channels = [make_channel("Um"), make_channel("Reserva", role="standby")]
    campaign = make_sequence(channels=channels)
    campaign.recipients.update(channel=channels[1], pinned=True)
    with across_organizations():
        arrange_standbys()
    assert not campaign.recipients.exclude(channel=None).exists()


# ---- What ends it


def test_an_answer_ends_it(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    Contact.objects.filter(name="Pessoa 1").update(last_seen_at=MONDAY + HOUR)
    sweep(clock, MONDAY + 2 * DAY)
    assert steps_of(campaign) == {"Pessoa 0": [1, 2], "Pessoa 1": [1], "Pessoa 2": [1, 2]}
    assert campaign.recipients.get(contact__name="Pessoa 1").stopped == "replied"


def test_an_answer_from_before_ends_nothing(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    Contact.objects.update(last_seen_at=MONDAY - HOUR)
    assert sweep(clock, MONDAY + 2 * DAY) == 3
    assert campaign.recipients.filter(step=2).count() == 3


def test_where_an_answer_ends_nothing_it_goes_on(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence(stops=())
    deliver(MONDAY)
    Contact.objects.update(last_seen_at=MONDAY + HOUR)
    sweep(clock, MONDAY + 2 * DAY)
    assert campaign.recipients.filter(step=2, silent_since=None).count() == 3


def publish_reply(campaign: Campaign, contact: Contact) -> None:
    thread = Conversation.objects.create(contact=contact, channel=campaign.channels.get(), last_message_at=MONDAY)
    at = (MONDAY + HOUR).isoformat()
    publish(
        CustomerReplied(
            str(campaign.organization_id),
            str(thread.pk),
            str(contact.pk),
            str(thread.channel_id),
            str(thread.pk),
            "Oi",
            at,
        )
    )
    drain()


def test_an_answer_takes_a_step_out_of_the_line(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    sweep(clock, MONDAY + 2 * DAY)
    publish_reply(campaign, Contact.objects.get(name="Pessoa 1"))
    row = campaign.recipients.get(contact__name="Pessoa 1", step=2)
    assert (row.state, row.skip_reason, row.stopped) == ("skipped", "replied", "replied")
    assert campaign.recipients.filter(step=2, state="queued").count() == 2


def test_a_booking_ends_it(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    contact = Contact.objects.get(name="Pessoa 1")
    publish(BookingConfirmed(str(campaign.organization_id), str(contact.pk), str(contact.pk), 1, "customer"))
    drain()
    sweep(clock, MONDAY + 2 * DAY)
    assert steps_of(campaign)["Pessoa 1"] == [1]
    assert campaign.recipients.get(contact=contact).stopped == "booked"


@pytest.mark.parametrize(("stops", "steps"), [(["closed"], [1]), (["replied"], [1, 2])])
def test_a_closed_conversation_ends_it_where_it_shall(
    make_sequence: Any, clock: Any, stops: list[str], steps: list[int]
) -> None:
    campaign = make_sequence(stops=stops)
    deliver(MONDAY)
    contact = Contact.objects.get(name="Pessoa 1")
    thread = Conversation.objects.create(
        contact=contact,
        channel=campaign.channels.get(),
        last_message_at=MONDAY,
        status="closed",
        closed_at=MONDAY + HOUR,
    )
    publish(ConversationClosed(str(campaign.organization_id), str(thread.pk)))
    drain()
    sweep(clock, MONDAY + 2 * DAY)
    assert steps_of(campaign)["Pessoa 1"] == steps


def test_an_opt_out_ends_it(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence(stops=())
    deliver(MONDAY)
    opt_out(Contact.objects.get(name="Pessoa 1").pk, reason="sair", at=MONDAY)
    Contact.objects.filter(name="Pessoa 2").update(status=0)
    sweep(clock, MONDAY + 2 * DAY)
    assert steps_of(campaign) == {"Pessoa 0": [1, 2], "Pessoa 1": [1], "Pessoa 2": [1]}
    assert set(campaign.recipients.exclude(stopped="").values_list("stopped", flat=True)) == {"gone"}


# ---- Held, cancelled, told


def test_while_it_is_paused_nobody_goes_on(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    lifecycle.pause(campaign)
    assert sweep(clock, MONDAY + 4 * DAY) == 0
    lifecycle.resume(campaign)
    assert sweep(clock, MONDAY + 4 * DAY) == 3


def test_a_cancelled_sequence_ends_for_everybody(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    lifecycle.cancel(campaign)
    assert sweep(clock, MONDAY + 2 * DAY) == 0
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.CANCELLED


def test_it_says_what_it_waits_for(make_sequence: Any, clock: Any) -> None:
    campaign = make_sequence()
    deliver(MONDAY)
    sweep(clock, MONDAY + DAY)
    assert [(wait.code, wait.until) for _name, wait in waits(campaign)] == [("next_step", MONDAY + 2 * DAY)]


def test_days_keep_the_time_of_day_when_clocks_change() -> None:
    step = Step(number=2, wait=1, unit="days")
    sent = datetime(2026, 10, 24, 9, 0, tzinfo=UTC)  # ten o'clock in Lisbon, the day before winter
    assert due_at(sent, step, "Europe/Lisbon") == datetime(2026, 10, 25, 10, 0, tzinfo=UTC)
    assert due_since(datetime(2026, 10, 25, 10, 0, tzinfo=UTC), step, "Europe/Lisbon") == sent


# ---- Crashes and two crons


@pytest.mark.parametrize("point", ["sequence.due", "sequence.begun"])
def test_a_crash_begins_the_step_for_all_or_none(
    make_sequence: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    campaign = make_sequence()
    deliver(MONDAY)

    def die(name: str) -> None:
        if name == point:
            raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(advance, "crashpoint", die)
        with pytest.raises(SystemExit):
            sweep(clock, MONDAY + 2 * DAY)
    assert not Recipient.objects.filter(step=2).exists()
    sweep(clock, MONDAY + 2 * DAY)
    sweep(clock, MONDAY + 2 * DAY)
    assert campaign.recipients.filter(step=2, state="queued").count() == 3


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_the_same_moment_begin_it_once(make_sequence: Any, clock: Any, in_acme: Organization) -> None:
    campaign = make_sequence(40)
    deliver(MONDAY)
    clock.move_to(MONDAY + 2 * DAY)
    together = Barrier(4)

    def run() -> None:
        try:
            together.wait(60)
            advance_sequences()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(run) for _ in range(4)]:
            done.result()
    with activate_organization(in_acme.pk):
        advance_sequences()
        assert campaign.recipients.filter(step=2).count() == 40
        assert set(map(tuple, steps_of(campaign).values())) == {(1, 2)}
