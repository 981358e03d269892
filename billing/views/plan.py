"""The plan of the organization: what is used of it, and asking for another one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from billing import services
from billing.models import Plan
from billing.upgrades import ask_for_plan
from core.clock import now


@require_safe
@role_required(Role.ADMIN)
def plan_page(request: MemberRequest) -> HttpResponse:
    usage = services.usage(request.organization.pk, now())
    bars = [(_("Today"), usage.sent_today, usage.daily_limit), (_("This month"), usage.sent_month, usage.monthly_limit)]
    on_sale = Plan.objects.filter(is_public=True)
    return render(request, "billing/plan.html", {"usage": usage, "bars": bars, "plans": on_sale})


@require_POST
@role_required(Role.ADMIN)
def plan_ask(request: MemberRequest) -> HttpResponse:
    plan = Plan.objects.filter(code=request.POST.get("plan", ""), is_public=True).first()
    if plan is None:
        messages.error(request, _("Choose a plan."))
    else:
        ask_for_plan(plan, actor=request.membership)
        messages.success(request, _("We have got your request and answer by e-mail."))
    return redirect("billing:plan")
