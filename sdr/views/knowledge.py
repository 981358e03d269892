"""What the business wrote for the SDR to answer from, and what customers asked that nothing of it answers."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.errors import DomainError
from core.once import once
from core.paging import page_of
from sdr.access import get_document, get_question
from sdr.forms_knowledge import AnswerForm, DocumentForm
from sdr.models import Document, Question, QuestionState
from sdr.services import knowledge
from sdr.services.profiles import get_profile
from sdr.services.questions import answer_question, dismiss_question

PAGE = 50


@require_safe
@member_required
def knowledge_page(request: MemberRequest) -> HttpResponse:
    return _page(request, DocumentForm())


def _page(request: MemberRequest, form: DocumentForm) -> HttpResponse:
    documents = Document.objects.defer("raw").order_by("-created_at")
    context = {"form": form, "documents": documents, "profile": get_profile()}
    return render(request, "sdr/knowledge.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ADMIN)
@once("sdr:knowledge")
def document_create(request: MemberRequest) -> HttpResponse:
    form = DocumentForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            _add(form, request)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("It is being read. In a moment the SDR answers from it."))
            return redirect("sdr:knowledge")
    return _page(request, form)


def _add(form: DocumentForm, request: MemberRequest) -> Document:
    data = form.cleaned_data
    if data["file"]:
        return knowledge.add_file(data["file"].name or "", data["file"].read(), actor=request.membership)
    if data["address"]:
        return knowledge.add_page(data["address"].strip(), actor=request.membership)
    return knowledge.add_text(data["title"].strip() or _("Text"), data["text"], actor=request.membership)


@require_POST
@role_required(Role.ADMIN)
def document_delete(request: MemberRequest, document_id: UUID) -> HttpResponse:
    knowledge.remove_document(get_document(document_id), actor=request.membership)
    messages.success(request, _("Removed. The SDR no longer answers from it."))
    return redirect("sdr:knowledge")


@require_POST
@role_required(Role.ADMIN)
def document_read(request: MemberRequest, document_id: UUID) -> HttpResponse:
    knowledge.read_again(get_document(document_id), actor=request.membership)
    messages.success(request, _("It is being read. In a moment the SDR answers from it."))
    return redirect("sdr:knowledge")


@require_safe
@member_required
def questions_page(request: MemberRequest) -> HttpResponse:
    rows = Question.objects.filter(state=QuestionState.OPEN).select_related("contact")
    page = page_of(request, rows, order=("-times", "-last_asked_at"), size=PAGE)
    return render(request, "sdr/questions.html", {"questions": page.items, "next_cursor": page.next_cursor})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def question_answer(request: MemberRequest, question_id: UUID) -> HttpResponse:
    question = get_question(question_id)
    form = AnswerForm(request.POST or None, initial={"question": question.text[:200]})
    if request.method == "POST" and form.is_valid():
        try:
            answer_question(
                question, form.cleaned_data["question"], form.cleaned_data["answer"], actor=request.membership
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The SDR knows it from now on."))
            return redirect("sdr:insights")
    context = {"form": form, "question": question}
    return render(request, "sdr/question.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ADMIN)
def question_dismiss(request: MemberRequest, question_id: UUID) -> HttpResponse:
    dismiss_question(get_question(question_id), actor=request.membership)
    return redirect("sdr:insights")
