"""The score learns from its sellers: their word on leads, a proposal a month, and nothing changes before somebody agrees."""

import logging
import zlib
from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, Organization
from accounts.services.audit import record_audit
from core.clock import local, now
from core.errors import DomainError
from core.jobs import job
from core.tenancy import across_organizations
from leads.services.contacts import set_qualification
from sdr.calibration import Sample, propose
from sdr.models import Calibration, CalibrationState, Qualification, QualificationStatus, SdrProfile, Verdict
from sdr.scoring import Rubric
from sdr.services.profiles import get_profile

logger = logging.getLogger(__name__)

BATCH = 200


class CalibrationDecidedError(DomainError):
    status = 409


def give_verdict(qualification: Qualification, *, was_hot: bool, actor: Membership) -> None:
    """Note whether a seller found the lead hot; a second tap changes it."""
    Verdict.objects.update_or_create(
        qualification=qualification,
        defaults={"organization_id": qualification.organization_id, "was_hot": was_hot, "by": actor},
    )


@job("bulk", timeout_seconds=300)
def recalibrate_monthly() -> None:
    """Look once a month at every business whose sellers have said something."""
    with across_organizations():
        organizations = list(Organization.objects.filter(pk__in=Verdict.objects.values("organization_id")))
    for organization in organizations:
        start = local(now(), organization.timezone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        with across_organizations():
            looked = Calibration.objects.filter(organization=organization, created_at__gte=start).exists()
        if not looked:
            recalibrate.enqueue(coalesce_key=str(organization.pk), organization_id=str(organization.pk))


@job("bulk", timeout_seconds=300)
def recalibrate(*, organization_id: str) -> None:
    """Compute a proposal from what the sellers said, and keep it with what it would bring."""
    profile = get_profile()
    rubric = Rubric.from_json(profile.rubric)
    found = propose(_samples(rubric), rubric)
    with transaction.atomic():
        SdrProfile.objects.select_for_update().get(pk=profile.pk)
        Calibration.objects.filter(state=CalibrationState.PROPOSED).update(
            state=CalibrationState.DISMISSED, decided_at=now()
        )
        Calibration.objects.create(
            organization_id=organization_id, state=CalibrationState.REFUSED if found.reason else CalibrationState.PROPOSED,
            reason=found.reason, old_rubric=rubric.as_json(), new_rubric=found.rubric.as_json(), before=found.before.as_dict(),
            after=found.after.as_dict(), fitted=found.fitted, judged=found.judged,
        )  # fmt: skip
    logger.info("score calibrated", extra={"organization": organization_id, "reason": found.reason})


def _samples(rubric: Rubric) -> list[Sample]:
    rows = Verdict.objects.select_related("qualification").order_by("pk")
    samples = [
        (zlib.crc32(row.qualification_id.bytes), levels_of(row.qualification, rubric), row.was_hot) for row in rows
    ]
    return [Sample(levels, was_hot) for _place, levels, was_hot in sorted(samples, key=lambda item: item[0]) if levels]


def levels_of(row: Qualification, rubric: Rubric) -> dict[str, str]:
    """Return the level of each criterion; rows older than its being kept are read back from their points."""
    found = {line["criterion"]: line.get("level") or _level_for(line, rubric) for line in row.breakdown}
    return {criterion: level for criterion, level in found.items() if level}


def _level_for(line: dict[str, object], rubric: Rubric) -> str:
    levels = rubric.weights.get(str(line["criterion"]), {})
    told = line["points"] if line["message_id"] else None
    return next((level for level, points in levels.items() if points == told), "")


@transaction.atomic
def change_rubric(rubric: Mapping[str, object], *, actor: Membership) -> None:
    """Put weights in use that somebody has set by hand, and score every lead by them: two leads compare by the same weights only."""
    profile = SdrProfile.objects.select_for_update().get(pk=get_profile().pk)
    _use(profile, rubric, Rubric.from_json(profile.rubric).as_json())
    record_audit("sdr.rubric_changed", actor=actor)


@transaction.atomic
def apply_calibration(calibration: Calibration, *, actor: Membership) -> None:
    """Put the proposed weights in use and score every lead by them."""
    profile = SdrProfile.objects.select_for_update().get(pk=get_profile().pk)
    current = Calibration.objects.select_for_update().get(pk=calibration.pk)
    if current.state != CalibrationState.PROPOSED:
        raise CalibrationDecidedError(_("This was decided already."))
    current.old_rubric = Rubric.from_json(profile.rubric).as_json()
    _decide(current, CalibrationState.APPLIED)
    _use(profile, current.new_rubric, current.old_rubric)
    record_audit("sdr.calibration_applied", actor=actor, target=str(current.pk))


@transaction.atomic
def roll_back(calibration: Calibration, *, actor: Membership) -> None:
    """Take the weights back that were in use before, and give every lead the score that it had by them."""
    profile = SdrProfile.objects.select_for_update().get(pk=get_profile().pk)
    current = Calibration.objects.select_for_update().get(pk=calibration.pk)
    newest = Calibration.objects.filter(state=CalibrationState.APPLIED).order_by("-decided_at").first()
    if current.state != CalibrationState.APPLIED or newest != current:
        raise CalibrationDecidedError(_("Only the newest weights can be taken back."))
    _decide(current, CalibrationState.ROLLED_BACK)
    _use(profile, current.old_rubric, Rubric.from_json(profile.rubric).as_json())
    record_audit("sdr.calibration_rolled_back", actor=actor, target=str(current.pk))


@transaction.atomic
def dismiss(calibration: Calibration, *, actor: Membership) -> None:
    current = Calibration.objects.select_for_update().get(pk=calibration.pk)
    if current.state != CalibrationState.PROPOSED:
        raise CalibrationDecidedError(_("This was decided already."))
    _decide(current, CalibrationState.DISMISSED)
    record_audit("sdr.calibration_dismissed", actor=actor, target=str(current.pk))


def _decide(calibration: Calibration, state: CalibrationState) -> None:
    calibration.state, calibration.decided_at = state, now()
    calibration.save(update_fields=["state", "decided_at", "old_rubric"])


def _use(profile: SdrProfile, rubric: Mapping[str, object], before: Mapping[str, object]) -> None:
    profile.rubric = rubric
    # Whoever is not scored anew yet has points of the rubric before the last: that one stays noted until all are done.
    profile.rescore_from = profile.rescore_from or before
    profile.save(update_fields=["rubric", "rescore_from", "updated_at"])
    rescore.enqueue(coalesce_key=str(profile.organization_id), organization_id=str(profile.organization_id))


@job("default")
def rescore_waiting() -> None:
    """Ring again for businesses whose leads were being scored anew when the worker or the bell was lost."""
    with across_organizations():
        rows = SdrProfile.objects.filter(rescore_from__isnull=False)
        for organization_id in rows.values_list("organization_id", flat=True)[:100]:
            rescore.enqueue(coalesce_key=str(organization_id), organization_id=str(organization_id))


@job("bulk", timeout_seconds=600)
def rescore(*, organization_id: str) -> None:
    """Score every lead by the weights in use. Run again, or by two at once, it comes to the same."""
    profile = get_profile()
    if profile.rescore_from is None:
        return
    before = Rubric.from_json(profile.rescore_from)
    last: UUID | None = None
    while batch := _next_batch(last):
        for pk in batch:
            _rescore_one(pk, before)
        last = batch[-1]
    # Weights that were changed meanwhile have their own turn.
    SdrProfile.objects.filter(pk=profile.pk, rubric=profile.rubric).update(rescore_from=None)
    logger.info("leads scored anew", extra={"organization": organization_id})


def _next_batch(last: UUID | None) -> list[UUID]:
    rows = Qualification.objects.exclude(breakdown=[]).order_by("pk")
    return list((rows.filter(pk__gt=last) if last else rows).values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _rescore_one(pk: UUID, before: Rubric) -> None:
    row = Qualification.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        return
    rubric = Rubric.from_json(get_profile().rubric)
    levels = levels_of(row, before)
    lines = [
        {
            **line, "level": levels.get(line["criterion"], ""), "max": rubric.maximum(line["criterion"]),
            "points": rubric.weights[line["criterion"]].get(levels.get(line["criterion"], ""), 0),
        }
        for line in row.breakdown
    ]  # fmt: skip
    total = sum(line["points"] for line in lines)
    temperature = rubric.temperature(total)
    # Not saved through the model: nobody has said anything, and the lead's time stays as it is.
    Qualification.objects.filter(pk=pk).update(breakdown=lines, score=total, temperature=temperature)
    if row.status != QualificationStatus.COLLECTING:
        set_qualification(row.contact_id, temperature=temperature, score=total, status=row.status)
