"""Several voices: by campaign, by segment or by number."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.once import once
from sdr.access import get_agent
from sdr.campaign_agents import campaign_book
from sdr.forms_agents import AgentForm
from sdr.models import Agent
from sdr.services.agents import remove_agent, save_agent


@require_safe
@member_required
def agents_page(request: MemberRequest) -> HttpResponse:
    campaigns = campaign_book().by_agent()
    agents = [(agent, campaigns.get(agent.pk, [])) for agent in Agent.objects.prefetch_related("channels")]
    return render(request, "sdr/agents.html", {"agents": agents})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@once("sdr:agents")
def agent_create(request: MemberRequest) -> HttpResponse:
    return _edit(request, Agent())


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def agent_edit(request: MemberRequest, agent_id: UUID) -> HttpResponse:
    return _edit(request, get_agent(agent_id))


def _edit(request: MemberRequest, agent: Agent) -> HttpResponse:
    form = AgentForm(request.POST if request.method == "POST" else None, agent=agent)
    if form.is_bound and form.is_valid():
        channels, campaigns = list(form.cleaned_data["channels"]), form.campaign_ids
        save_agent(agent, form.values, channels, campaigns=campaigns, actor=request.membership)
        messages.success(request, _("Saved. It talks to new leads from now on."))
        return redirect("sdr:agents")
    context = {"form": form, "agent": None if agent._state.adding else agent}
    return render(request, "sdr/agent.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ADMIN)
def agent_delete(request: MemberRequest, agent_id: UUID) -> HttpResponse:
    remove_agent(get_agent(agent_id), actor=request.membership)
    messages.success(request, _("Removed. Its leads are talked to in the words of the settings."))
    return redirect("sdr:agents")
