"""People decide by what would come of it, it is written down, and what they decided can be taken back."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import AuditEntry, Membership, Organization
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Campaign, DemandDecision, Overload, Recipient
from campaigns.overload.decisions import decide, undo
from campaigns.overload.moving import bring_back_moved, close_overtaken
from campaigns.overload.options import options, reckon_now
from campaigns.overload.scene import read_scene
from campaigns.overload.settings import save_demand_settings
from campaigns.overload.watch import look_at, watch_demand
from campaigns.queries.waiting import pause_words
from campaigns.services import lifecycle
from campaigns.services.archiving import archive
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent
from tests.campaigns.overload.conftest import hours, look, serving

pytestmark = pytest.mark.django_db


def state(campaign: Campaign) -> tuple[str, str]:
    found = Campaign.objects.get(pk=campaign.pk)
    return found.state, found.pause_reason.partition(":")[0]


def offered() -> list[tuple[str, str, int, int]]:
    """Return what is offered: (decision, campaign, numbers, how many would be late)."""
    scene = read_scene(now())
    found = options(scene, reckon_now(scene))
    return [(one.kind, one.campaign.name if one.campaign else "", one.numbers, one.after.late) for one in found]


@pytest.fixture
def crowded(clock: Any, number: Any, running: Any) -> tuple[Campaign, Campaign]:
    """An approved campaign of 20 and an expired one of 40 share a number that sends 20 a day; one in reserve sends 20 as well."""
    main = number(cap=20)
    number("Reserva", 20, role="standby")
    found = running(20, [main], "Aprovada", priority=50), running(40, [main], "Expirada", priority=-50)
    assert look() is not None
    return found


def test_the_effect_of_each_decision_is_reckoned_beforehand(crowded: Any) -> None:
    assert offered() == [
        ("reserve", "", 1, 0), ("tomorrow", "Expirada", 0, 0), ("hold", "Expirada", 0, 0), ("accept", "", 0, 20),
    ]  # fmt: skip


def test_reckoning_decisions_changes_nothing(crowded: Any) -> None:
    offered()
    assert serving() == {}
    assert set(Campaign.objects.values_list("state", flat=True)) == {"running"}
    assert not DemandDecision.objects.exists()


def test_what_is_never_wanted_is_not_offered(crowded: Any, ana: Membership) -> None:
    save_demand_settings({"help": "never", "window": "day"}, actor=ana)
    assert "reserve" not in [kind for kind, *_rest in offered()]
    with pytest.raises(CampaignStateError):
        decide("reserve", actor=ana, numbers=1)


def test_a_reserve_that_helps_brings_what_was_forecast(crowded: Any, ana: Membership) -> None:
    decide("reserve", actor=ana, numbers=1)
    assert serving() == {"Reserva": "helps"}
    assert offered() == []


@pytest.mark.parametrize("numbers", [0, 2, 99])
def test_only_numbers_that_there_are_can_be_called(numbers: int, crowded: Any, ana: Membership) -> None:
    with pytest.raises(CampaignStateError):
        decide("reserve", actor=ana, numbers=numbers)
    assert not DemandDecision.objects.exists()


def test_what_is_accepted_is_no_overload_any_more(crowded: Any, ana: Membership) -> None:
    (decision,) = decide("accept", actor=ana)
    assert decision.campaign == crowded[1]
    assert decision.until is not None and decision.until > now() + hours(24)
    assert look() is None
    assert Channel.objects.exclude(crowd_percent=None).count() == 0


def test_what_was_accepted_is_told_again_when_it_gets_later_still(
    crowded: Any, ana: Membership, running: Any
) -> None:  # fmt: skip
    decide("accept", actor=ana)
    running(60, [Channel.objects.get(name="Recepção")], "Mais uma", priority=50)
    row = look()
    assert row is not None
    assert str(crowded[1].pk) in row.late_campaigns
    assert Overload.objects.count() == 2


def test_an_acceptance_is_taken_back(crowded: Any, ana: Membership) -> None:
    (decision,) = decide("accept", actor=ana)
    undo(decision.pk, actor=ana)
    assert Overload.objects.filter(ended_at=None).count() == 1


def test_a_held_campaign_waits_for_a_person(crowded: Any, ana: Membership) -> None:
    (decision,) = decide("hold", actor=ana, campaign=crowded[1])
    assert state(crowded[1]) == ("paused", "")
    assert look() is None
    undo(decision.pk, actor=ana)
    assert state(crowded[1]) == ("running", "")


def test_a_moved_campaign_goes_on_by_itself(crowded: Any, clock: Any, ana: Membership) -> None:
    (decision,) = decide("tomorrow", actor=ana, campaign=crowded[1])
    assert state(crowded[1]) == ("paused", "moved")
    assert pause_words(Campaign.objects.get(pk=crowded[1].pk)).endswith("amanhã às 8h.")
    assert bring_back_moved() == 0
    clock.go(decision.until)
    assert bring_back_moved() == 1
    assert bring_back_moved() == 0
    assert state(crowded[1]) == ("running", "")
    assert DemandDecision.objects.filter(ended_at=None).count() == 0


def test_a_moved_campaign_that_somebody_pauses_stays_paused(crowded: Any, clock: Any, ana: Membership) -> None:
    (decision,) = decide("tomorrow", actor=ana, campaign=crowded[1])
    lifecycle.pause(lifecycle.resume(crowded[1]))
    clock.go(decision.until)
    assert bring_back_moved() == 0
    assert state(crowded[1]) == ("paused", "")


def test_what_was_put_in_the_archive_stays_there(crowded: Any, clock: Any, ana: Membership) -> None:
    (decision,) = decide("tomorrow", actor=ana, campaign=crowded[1])
    archive(crowded[1])
    clock.go(decision.until)
    assert bring_back_moved() == 0
    assert state(crowded[1]) == ("paused", "moved")


def test_a_move_is_taken_back(crowded: Any, ana: Membership) -> None:
    (decision,) = decide("tomorrow", actor=ana, campaign=crowded[1])
    undo(decision.pk, actor=ana)
    assert state(crowded[1]) == ("running", "")


def test_what_somebody_did_since_is_not_undone(crowded: Any, ana: Membership) -> None:
    (decision,) = decide("hold", actor=ana, campaign=crowded[1])
    lifecycle.cancel(crowded[1])
    undo(decision.pk, actor=ana)
    assert state(crowded[1]) == ("cancelled", "")


def test_what_is_overtaken_does_not_hold_any_more(crowded: Any, ana: Membership) -> None:
    decide("hold", actor=ana, campaign=crowded[1])
    assert close_overtaken() == 0
    lifecycle.resume(crowded[1])
    assert close_overtaken() == 1


def test_decisions_are_written_down_with_who_took_them(crowded: Any, ana: Membership) -> None:
    (decision,) = decide("hold", actor=ana, campaign=crowded[1])
    undo(decision.pk, actor=ana)
    rows = AuditEntry.objects.filter(action__startswith="demand.", actor=ana).order_by("pk")
    assert [(row.action, row.target, row.data["kind"]) for row in rows] == [
        ("demand.decided", "Expirada", "hold"), ("demand.undone", "Expirada", "hold"),
    ]  # fmt: skip


def test_a_decision_is_taken_back_once(crowded: Any, ana: Membership) -> None:
    (decision,) = decide("hold", actor=ana, campaign=crowded[1])
    undo(decision.pk, actor=ana)
    with pytest.raises(CampaignStateError):
        undo(decision.pk, actor=ana)


@pytest.mark.parametrize("kind", ["hold", "tomorrow", "nonsense", ""])
def test_a_decision_that_says_too_little_is_refused(kind: str, crowded: Any, ana: Membership) -> None:
    with pytest.raises(CampaignIncompleteError):
        decide(kind, actor=ana)


def test_where_everything_fits_there_is_nothing_to_decide(clock: Any, ana: Membership, number: Any) -> None:
    with pytest.raises(CampaignStateError):
        decide("accept", actor=ana)


def test_a_campaign_with_decisions_can_be_deleted(crowded: Any, ana: Membership) -> None:
    decide("hold", actor=ana, campaign=crowded[1])
    lifecycle.delete(crowded[1])
    assert not DemandDecision.objects.exists()


# ---- At the same time


def at_once(count: int, work: Callable[[], object]) -> list[object]:
    """Do something in so many connections at the same moment; return what came of it, refusals included."""
    ready = threading.Barrier(count)

    def one() -> object:
        try:
            ready.wait(30)
            return work()
        except CampaignStateError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return [future.result(60) for future in [threads.submit(one) for _ in range(count)]]


@pytest.fixture
def by_itself(acme: Organization, make_member: Any, number: Any, running: Any) -> Organization:
    """Numbers without quiet hours and caps of 20 for a campaign of 60, whatever the time of the day; nothing has looked yet."""
    always = {"quiet_start": "00:00", "quiet_end": "00:00"}
    with activate_organization(acme.pk):
        save_demand_settings({"help": "itself", "window": "day"})
        main = number(cap=20, **always)
        for name in ("Reserva A", "Reserva B"):
            number(name, 20, role="standby", **always)
        running(200, [main])
    return acme


@pytest.mark.django_db(transaction=True)
def test_looks_at_the_same_time_make_one_change(by_itself: Organization) -> None:
    at_once(4, watch_demand)
    with activate_organization(by_itself.pk):
        assert Overload.objects.count() == 1
        assert DemandDecision.objects.count() == 1
        assert AuditEntry.objects.filter(action="demand.exceeded").count() == 1
        assert ChannelEvent.objects.filter(kind="helps").count() == 2
        assert AuditEntry.objects.filter(action="campaign.standby_helps").count() == 2
        Recipient.objects.filter(state="queued").update(state="sent")
    at_once(4, watch_demand)
    with activate_organization(by_itself.pk):
        assert Overload.objects.filter(ended_at=None).count() == 0
        assert AuditEntry.objects.filter(action="demand.fits").count() == 1
        assert ChannelEvent.objects.filter(kind="stepped_back").count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_one_takes_a_decision_back(by_itself: Organization) -> None:
    watch_demand()

    def click() -> object:
        with activate_organization(by_itself.pk):
            return undo(DemandDecision.objects.get().pk, actor=None)

    results = at_once(2, click)
    assert sorted(isinstance(one, CampaignStateError) for one in results) == [False, True]
    with activate_organization(by_itself.pk):
        assert ChannelEvent.objects.filter(kind="stepped_back").count() == 2
        assert serving() == {"Reserva A": "rests", "Reserva B": "rests"}
    look_inside(by_itself)


def look_inside(organization: Organization) -> None:
    with activate_organization(organization.pk):
        look_at(organization.pk)
        assert serving() == {"Reserva A": "rests", "Reserva B": "rests"}
    connection.close()
