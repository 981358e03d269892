from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from conversations.models import Origin
from conversations.queries import get_conversation
from conversations.services.send import send_message
from core.errors import DomainError
from gateways.official.services import approved
from gateways.official.texts import filled, outgoing, places, value_problem


@require_POST
@role_required(Role.AGENT)
def template_send(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """Send an approved template, which Meta lets through at any time, with the values of its places."""
    conversation = get_conversation(conversation_id)
    wanted = request.POST.get("template", "")
    template = next((row for row in approved([conversation.channel_id]) if str(row.pk) == wanted), None)
    if template is None:
        raise Http404
    values = [request.POST.get(f"value-{number}", "").strip() for number in places(template.body)]
    problem = next((words for value in values if (words := value_problem(value))), "")
    if problem:
        messages.error(request, problem)
        return redirect("conversations:conversation", conversation.pk)
    key = request.POST.get("client_key", "")[:80] or str(uuid4())
    try:
        send_message(
            conversation, body=filled(template.body, values), author=request.membership, origin=Origin.HUMAN,
            client_key=key, template=outgoing(template, values),
        )  # fmt: skip
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Template sent. When the person answers you can write freely again."))
    return redirect("conversations:conversation", conversation.pk)
