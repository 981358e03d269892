from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from conversations.errors import ConversationClosedError, EmptyMessageError, WindowClosedError
from conversations.forms import AssignForm, HandlerForm, MessageForm, NoteForm
from conversations.models import Conversation, Handler, Message, Origin
from conversations.queries import get_conversation
from conversations.services import handling
from conversations.services.send import resend, send_message
from conversations.views.inbox import page_context, thread_context
from core.uploads import SafeUpload, UploadRefusedError, check_upload


@require_POST
@role_required(Role.AGENT)
def message_create(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = get_conversation(conversation_id)
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, conversation, " ".join(str(e) for errors in form.errors.values() for e in errors))
    try:
        upload: SafeUpload | None = check_upload(form.cleaned_data["file"]) if form.cleaned_data["file"] else None
        send_message(
            conversation, body=form.cleaned_data["body"], author=request.membership, origin=Origin.HUMAN,
            client_key=form.cleaned_data["client_key"] or str(uuid4()), upload=upload,
        )  # fmt: skip
    except (ConversationClosedError, EmptyMessageError, UploadRefusedError, WindowClosedError) as error:
        return _refused(request, conversation, error.message)
    return _thread(request, conversation)


@require_POST
@role_required(Role.AGENT)
def note_create(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = get_conversation(conversation_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _refused(request, conversation, _("Write the note first."))
    data = form.cleaned_data
    handling.add_note(conversation, data["body"], author=request.membership, client_key=data["client_key"])
    return _thread(request, conversation)


@require_POST
@role_required(Role.AGENT)
def handler_change(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = get_conversation(conversation_id)
    form = HandlerForm(request.POST)
    if form.is_valid():
        handler = Handler(form.cleaned_data["handler"])
        handling.set_handler(conversation, handler, actor=request.membership)
        if handler == Handler.HUMAN and conversation.assigned_to is None:
            handling.assign(conversation, member=request.membership, actor=request.membership)
    return redirect("conversations:conversation", conversation.pk)


@require_POST
@role_required(Role.AGENT)
def assignment_change(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    conversation = get_conversation(conversation_id)
    form = AssignForm(request.POST)
    if not form.is_valid():
        return _refused(request, conversation, _("Choose someone of your business."))
    handling.assign(
        conversation, member=form.cleaned_data["member"], team=form.cleaned_data["team"], actor=request.membership
    )
    messages.success(request, _("Conversation passed on."))
    return redirect("conversations:conversation", conversation.pk)


@require_POST
@role_required(Role.AGENT)
def conversation_close(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    handling.close(get_conversation(conversation_id), actor=request.membership)
    messages.success(request, _("Conversation closed. If the person writes again, a new one opens."))
    return redirect("conversations:inbox")


@require_POST
@role_required(Role.AGENT)
def conversation_reopen(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    opened = handling.reopen(get_conversation(conversation_id), actor=request.membership)
    return redirect("conversations:conversation", opened.pk)


@require_POST
@role_required(Role.AGENT)
def message_resend(request: MemberRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    conversation = get_conversation(conversation_id)
    message = Message.objects.filter(pk=message_id, conversation=conversation).first()
    if message is None:
        return render(request, "404.html", status=404)
    resend(message, actor=request.membership)
    return _thread(request, conversation)


def _thread(request: MemberRequest, conversation: Conversation) -> HttpResponse:
    if request.htmx:
        return render(request, "conversations/inbox.html#messages", thread_context(request, conversation))
    return redirect("conversations:conversation", conversation.pk)


def _refused(request: MemberRequest, conversation: Conversation, reason: str) -> HttpResponse:
    messages.error(request, reason)
    if request.htmx:
        return render(request, "conversations/inbox.html#messages", thread_context(request, conversation), status=422)
    context = page_context(request, conversation) | {"typed": request.POST.get("body", "")}
    return render(request, "conversations/inbox.html", context, status=422)
