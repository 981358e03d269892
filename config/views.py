from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from billing.models import Plan


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The public front page; members go on to their work."""
    if request.user.is_authenticated:
        return redirect("reports:dashboard")
    plans = Plan.objects.filter(is_public=True)
    trial = Plan.objects.filter(code="trial").first()
    return render(request, "landing.html", {"plans": plans, "trial_days": trial.trial_days if trial else 14})
