"""From one tap of a seller to weights that somebody agreed to, and back."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Organization
from core.tenancy import activate_organization
from leads.models import Contact
from sdr.models import Calibration, CalibrationState, Qualification, QualificationStatus, Verdict
from sdr.scoring import LEVELS, Rubric
from sdr.services import learning
from sdr.services.learning import (
    CalibrationDecidedError,
    apply_calibration,
    change_rubric,
    dismiss,
    recalibrate,
    recalibrate_monthly,
    rescore,
    rescore_waiting,
    roll_back,
)
from sdr.services.profiles import get_profile, update_profile
from tests.sdr.talk import FACTS, Talk
from tests.support.jobs import drain, forget_jobs
from tests.support.thread import contact

DICE = random.Random(3)
Login = Callable[..., Client]


def qualified(number: int, *, with_levels: bool = True) -> Qualification:
    """A lead with a score by the default rubric."""
    rubric = Rubric()
    levels = {criterion: DICE.choice(list(names)) for criterion, names in LEVELS.items()}
    lines: list[dict[str, Any]] = [
        {
            "criterion": c,
            "points": rubric.weights[c][level],
            "max": rubric.maximum(c),
            "message_id": "m1",
            "reason": "x",
        }
        | ({"level": level} if with_levels else {})
        for c, level in levels.items()
    ]
    total = sum(line["points"] for line in lines)
    row: Qualification = Qualification.objects.create(
        contact=contact(f"Lead {number}", f"+55199974{number:05d}"), breakdown=lines, score=total,
        temperature=rubric.temperature(total), status=QualificationStatus.QUALIFIED,
    )  # fmt: skip
    Contact.objects.filter(pk=row.contact_id).update(score=total, temperature=row.temperature)
    return row


def near(row: Qualification) -> bool:
    return any(line["criterion"] == "location" and line["points"] == 20 for line in row.breakdown)


@pytest.fixture
def judged(in_acme: Organization, ana: Membership) -> list[Qualification]:
    """Leads whose sellers call hot who is near."""
    rows = [qualified(number) for number in range(120)]
    for row in rows:
        Verdict.objects.create(qualification=row, was_hot=near(row), by=ana)
    return rows


def scores() -> dict[Any, tuple[int, str]]:
    return {
        pk: (score, temperature)
        for pk, score, temperature in Qualification.objects.values_list("pk", "score", "temperature")
    }


def contacts() -> dict[Any, tuple[int | None, str]]:
    return {
        pk: (score, temperature) for pk, score, temperature in Contact.objects.values_list("pk", "score", "temperature")
    }


def test_a_proposal_waits_and_changes_nothing(judged: list[Qualification], in_acme: Organization) -> None:
    before = scores()
    recalibrate(organization_id=str(in_acme.pk))
    proposal = Calibration.objects.get()
    assert (proposal.state, proposal.judged + proposal.fitted) == (CalibrationState.PROPOSED, 120)
    assert proposal.after["f1"] > proposal.before["f1"]
    assert scores() == before
    assert get_profile().rubric == {}


def test_agreeing_scores_every_lead_anew_and_taking_back_restores_every_score(
    judged: list[Qualification], in_acme: Organization, ana: Membership
) -> None:
    before, people = scores(), contacts()
    recalibrate(organization_id=str(in_acme.pk))
    proposal = Calibration.objects.get()
    apply_calibration(proposal, actor=ana)
    drain()
    assert get_profile().rubric == proposal.new_rubric
    assert scores() != before
    assert contacts() != people
    roll_back(proposal, actor=ana)
    drain()
    assert scores() == before
    assert contacts() == people
    proposal.refresh_from_db()
    assert proposal.state == CalibrationState.ROLLED_BACK


def test_scoring_anew_twice_is_scoring_anew_once(
    judged: list[Qualification], in_acme: Organization, ana: Membership
) -> None:
    recalibrate(organization_id=str(in_acme.pk))
    apply_calibration(Calibration.objects.get(), actor=ana)
    drain()
    after = scores()
    update_profile(get_profile(), {"rescore_from": Rubric().as_json()})
    rescore(organization_id=str(in_acme.pk))
    assert scores() == after


def test_leads_scored_before_levels_were_kept_are_read_by_their_points(in_acme: Organization, ana: Membership) -> None:
    row = qualified(1, with_levels=False)
    update_profile(get_profile(), {"rescore_from": Rubric().as_json()})
    rescore(organization_id=str(in_acme.pk))
    again = Qualification.objects.get()
    assert again.score == row.score
    assert all(line["level"] for line in again.breakdown)
    assert again.updated_at == row.updated_at


def test_a_worker_that_dies_while_scoring_anew_leaves_nothing_half_scored(
    judged: list[Qualification], in_acme: Organization, ana: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scores()
    recalibrate(organization_id=str(in_acme.pk))
    proposal = Calibration.objects.get()
    apply_calibration(proposal, actor=ana)
    lives = iter(range(50))

    def die_after_fifty(*arguments: object) -> None:
        if next(lives, None) is None:
            raise SystemExit
        one(*arguments)

    one = learning._rescore_one
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(learning, "_rescore_one", die_after_fifty)
        rescore(organization_id=str(in_acme.pk))
    forget_jobs()
    assert get_profile().rescore_from == Rubric().as_json()
    roll_back(proposal, actor=ana)
    forget_jobs()
    rescore_waiting()
    drain()
    assert scores() == before
    assert get_profile().rescore_from is None


def test_weights_set_by_hand_score_every_lead_too(
    judged: list[Qualification], in_acme: Organization, ana: Membership, login: Login
) -> None:
    before = scores()
    page = login(ana)
    form = {f"{c}_{level}": 0 for c, levels in LEVELS.items() for level in levels} | {
        "location_inside": 130, "threshold_quente": 90, "threshold_morno": 60, "threshold_frio": 30,
    }  # fmt: skip
    assert page.post("/sdr/pesos/", form).status_code == 302
    drain()
    assert set(Qualification.objects.values_list("score", "temperature")) == {(130, "quente"), (0, "muito_frio")}
    change_rubric({}, actor=ana)
    drain()
    assert scores() == before


def test_each_proposal_is_decided_once(judged: list[Qualification], in_acme: Organization, ana: Membership) -> None:
    recalibrate(organization_id=str(in_acme.pk))
    proposal = Calibration.objects.get()
    dismiss(proposal, actor=ana)
    with pytest.raises(CalibrationDecidedError):
        apply_calibration(proposal, actor=ana)
    with pytest.raises(CalibrationDecidedError):
        roll_back(proposal, actor=ana)
    assert get_profile().rubric == {}


def test_too_few_words_are_refused_with_the_reason(in_acme: Organization, ana: Membership) -> None:
    Verdict.objects.create(qualification=qualified(1), was_hot=True, by=ana)
    recalibrate(organization_id=str(in_acme.pk))
    assert Calibration.objects.values_list("state", "reason").get() == ("refused", "few")


def test_once_a_month_and_only_where_somebody_said_something(
    judged: list[Qualification], in_acme: Organization, carla: Membership
) -> None:
    for day in ("2026-11-20", "2026-11-25", "2026-12-02"):
        with time_machine.travel(f"{day}T12:00:00Z", tick=False):
            recalibrate_monthly()
            drain()
    assert Calibration.objects.count() == 2
    with activate_organization(carla.organization_id):
        assert not Calibration.objects.exists()


def test_one_tap_in_the_conversation(talk: Talk, login: Login, bruno: Membership) -> None:
    thread = talk.say(FACTS[0])
    talk.let_answer()
    row = Qualification.objects.get()
    client = login(bruno)
    assert "Era quente?" in client.get(f"/conversas/{thread.pk}/").content.decode()
    answer = client.post(f"/sdr/avaliar/{row.pk}/", {"hot": "1"}, headers={"HX-Request": "true"})
    assert 'aria-pressed="true"' in answer.content.decode()
    client.post(f"/sdr/avaliar/{row.pk}/", {"hot": "0"})
    word = Verdict.objects.get()
    assert (word.was_hot, word.by) == (False, bruno)
    assert client.post(f"/sdr/avaliar/{row.pk}/", {"hot": "x"}).status_code == 400


def test_the_page_shows_the_proposal_and_agrees_to_it(
    judged: list[Qualification], login: Login, ana: Membership, in_acme: Organization
) -> None:
    recalibrate(organization_id=str(in_acme.pk))
    proposal = Calibration.objects.get()
    client = login(ana)
    page = client.get("/sdr/aprendizado/").content.decode()
    assert "Pesos propostos" in page and "120 leads avaliados" in page
    client.post(f"/sdr/aprendizado/{proposal.pk}/usar/")
    proposal.refresh_from_db()
    assert proposal.state == CalibrationState.APPLIED
    assert "Voltar atrás" in client.get("/sdr/aprendizado/").content.decode()
    client.post(f"/sdr/aprendizado/{proposal.pk}/voltar/")
    assert Rubric.from_json(get_profile().rubric) == Rubric()


def test_an_agent_does_not_decide_and_another_organization_sees_nothing(
    judged: list[Qualification], login: Login, bruno: Membership, carla: Membership, in_acme: Organization
) -> None:
    recalibrate(organization_id=str(in_acme.pk))
    pk = Calibration.objects.get().pk
    assert login(bruno).post(f"/sdr/aprendizado/{pk}/usar/").status_code == 403
    client = login(carla)
    assert client.post(f"/sdr/aprendizado/{pk}/usar/").status_code == 404
    assert client.post(f"/sdr/avaliar/{judged[0].pk}/", {"hot": "1"}).status_code == 404
    assert Calibration.objects.get().state == CalibrationState.PROPOSED
