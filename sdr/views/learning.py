"""What sellers say of leads, and the weights that follow from it."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Membership, Role
from core.errors import DomainError
from sdr.access import get_calibration, get_qualification
from sdr.calibration import LEAST
from sdr.models import Calibration, CalibrationState, Verdict
from sdr.scoring import LEVELS, THRESHOLDS
from sdr.services.learning import apply_calibration, dismiss, give_verdict, recalibrate, roll_back

Change = tuple[str, str, int, int]


@require_POST
@role_required(Role.AGENT)
def verdict(request: MemberRequest, qualification_id: UUID) -> HttpResponse:
    """One tap: was it hot?"""
    qualification = get_qualification(qualification_id)
    if request.POST.get("hot") not in {"0", "1"}:
        return HttpResponseBadRequest()
    was_hot = request.POST["hot"] == "1"
    give_verdict(qualification, was_hot=was_hot, actor=request.membership)
    if request.htmx:
        return render(
            request, "sdr/_verdict.html", {"qualification": qualification, "was_hot": was_hot, "can_write": True}
        )
    if qualification.conversation_id:
        return redirect("conversations:conversation", qualification.conversation_id)
    return redirect("sdr:settings")


@require_safe
@role_required(Role.ADMIN)
def learning_page(request: MemberRequest) -> HttpResponse:
    rows = list(Calibration.objects.order_by("-created_at")[:12])
    waiting = next((row for row in rows if row.state == CalibrationState.PROPOSED), None)
    applied = [row for row in rows if row.state == CalibrationState.APPLIED]
    newest = max(applied, key=lambda row: str(row.decided_at), default=None)
    given = Verdict.objects.count()
    context = {
        "rows": rows, "waiting": waiting, "changes": changes_of(waiting) if waiting else [], "newest": newest, "given": given,
        "hot": Verdict.objects.filter(was_hot=True).count(), "least": LEAST, "missing": max(0, LEAST - given),
    }  # fmt: skip
    return render(request, "sdr/learning.html", context)


def changes_of(calibration: Calibration) -> list[Change]:
    """Return (criterion, level, points now, points then) for all that would change."""
    old, new = calibration.old_rubric, calibration.new_rubric
    found = [
        (c, level, old["weights"][c][level], new["weights"][c][level])
        for c, levels in LEVELS.items()
        for level in levels
    ]
    found += [("threshold", name, old["thresholds"][name], new["thresholds"][name]) for name in THRESHOLDS]
    return [change for change in found if change[2] != change[3]]


@require_POST
@role_required(Role.ADMIN)
def calibration_create(request: MemberRequest) -> HttpResponse:
    recalibrate.enqueue(organization_id=str(request.organization.pk))
    messages.success(request, _("It is being computed. Look again in a moment."))
    return redirect("sdr:learning")


@require_POST
@role_required(Role.ADMIN)
def calibration_apply(request: MemberRequest, calibration_id: UUID) -> HttpResponse:
    return _decided(request, calibration_id, apply_calibration, _("In use. The leads are being scored anew."))


@require_POST
@role_required(Role.ADMIN)
def calibration_dismiss(request: MemberRequest, calibration_id: UUID) -> HttpResponse:
    return _decided(request, calibration_id, dismiss, _("Set aside. Nothing was changed."))


@require_POST
@role_required(Role.ADMIN)
def calibration_rollback(request: MemberRequest, calibration_id: UUID) -> HttpResponse:
    return _decided(request, calibration_id, roll_back, _("Taken back. Every lead gets the score it had."))


def _decided(request: MemberRequest, calibration_id: UUID, act: Callable[..., None], said: str) -> HttpResponse:
    actor: Membership = request.membership
    try:
        act(get_calibration(calibration_id), actor=actor)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, said)
    return redirect("sdr:learning")
