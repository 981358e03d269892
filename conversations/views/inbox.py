from functools import partial
from uuid import UUID, uuid4

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import member_required
from accounts.http import MemberRequest
from conversations.forms import AssignForm, MessageForm
from conversations.models import Attachment, Conversation
from conversations.panels import render_panels
from conversations.queries import FOLDERS, get_conversation, inbox, thread, waiting_for_people
from conversations.services.handling import mark_read
from conversations.services.window import sendable_templates, window_of
from core.clock import now
from core.pagination import InvalidCursorError, keyset_page
from core.uploads import media_response

PAGE = 25
BUBBLES = 50


@require_safe
@member_required
def inbox_page(request: MemberRequest) -> HttpResponse:
    context = _list_context(request)
    if request.htmx and request.htmx.target == "thread-list":
        return render(request, "conversations/inbox.html#list", context)
    return render(request, "conversations/inbox.html", context | {"conversation": None})


@require_safe
@member_required
def conversation_page(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = get_conversation(conversation_id)
    if request.htmx and request.htmx.target == "messages":
        return render(request, "conversations/inbox.html#messages", thread_context(request, conversation))
    if request.htmx and request.htmx.target == "side":
        return render(request, "conversations/inbox.html#side", thread_context(request, conversation))
    if request.htmx and request.htmx.target == "thread-head":
        return render(request, "conversations/inbox.html#head", thread_context(request, conversation))
    if request.htmx and request.htmx.target == "window":
        return render(request, "conversations/inbox.html#window", thread_context(request, conversation))
    if request.membership.can_write:
        mark_read(conversation)
    return render(request, "conversations/inbox.html", page_context(request, conversation))


@require_safe
@member_required
def unread_count(request: MemberRequest) -> HttpResponse:
    """The count of the menu, which every open page refreshes."""
    return render(request, "conversations/_unread.html", {"unread": waiting_for_people()})


@require_safe
@member_required
def attachment_file(request: MemberRequest, attachment_id: UUID) -> HttpResponseBase:
    found = Attachment.objects.filter(pk=attachment_id).exclude(path="").first()
    if found is None:
        return render(request, "404.html", status=404)
    return media_response(found.path, mimetype=found.mimetype, filename=found.filename, request=request)


def page_context(request: MemberRequest, conversation: Conversation) -> dict[str, object]:
    return _list_context(request) | thread_context(request, conversation)


def _list_context(request: MemberRequest) -> dict[str, object]:
    folder = request.GET.get("pasta", "open")
    folder = folder if folder in FOLDERS else "open"
    search = request.GET.get("q", "")[:100]
    rows = inbox(folder, member=request.membership, search=search)
    try:
        page = keyset_page(rows, order="-last_message_at", cursor=request.GET.get("cursor"), size=PAGE)
    except InvalidCursorError:
        page = keyset_page(rows, order="-last_message_at", cursor=None, size=PAGE)
    return {
        "folder": folder,
        "search": search,
        "page": page,
        "current": request.GET.get("atual", "")[:36],
        "now": now(),
    }


def thread_context(request: MemberRequest, conversation: Conversation) -> dict[str, object]:
    try:
        page = keyset_page(thread(conversation.pk), order="-at", cursor=request.GET.get("antes"), size=BUBBLES)
    except InvalidCursorError:
        page = keyset_page(thread(conversation.pk), order="-at", cursor=None, size=BUBBLES)
    return {
        "conversation": conversation,
        "current": str(conversation.pk),
        "messages_page": page,
        "composer": MessageForm(initial={"client_key": str(uuid4())}),
        "assign_form": AssignForm(initial={"member": conversation.assigned_to_id, "team": conversation.team_id}),
        # Drawn where a template shows them: most pieces of the page do not.
        "panels": partial(render_panels, request, conversation),
        "window": window_of(conversation),
        "templates": partial(sendable_templates, conversation),
        "now": now(),
    }
