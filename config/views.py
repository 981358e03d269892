from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from billing.models import Plan
from config.landing import FEATURES, PROBLEMS
from core.health import database_state, redis_state, resting_services
from reports.processes.words import service_name


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The public front page; members go on to their work."""
    if request.user.is_authenticated:
        return redirect("reports:dashboard")
    plans = Plan.objects.filter(is_public=True)
    trial = Plan.objects.filter(code="trial").first()
    context = {
        "plans": plans,
        "trial_days": trial.trial_days if trial else 14,
        "problems": PROBLEMS,
        "features": FEATURES,
    }
    return render(request, "landing.html", context)


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """The public page that says whether Prosa works; of the services around it, only those that rest."""
    database = database_state()
    context = {"database": database, "redis": redis_state(), "resting": [] if database != "ok" else _resting()}
    return render(request, "status.html", context, status=200 if database == "ok" else 503)


def _resting() -> list[str]:
    return [service_name(dependency) for dependency in resting_services()]
