from uuid import UUID

from django.shortcuts import get_object_or_404

from sdr.models import Agent, Calibration, Document, Prompt, Qualification, Question


def get_document(document_id: UUID) -> Document:
    """Return a document of the active organization or raise Http404."""
    return get_object_or_404(Document.objects.defer("raw"), pk=document_id)


def get_question(question_id: UUID) -> Question:
    return get_object_or_404(Question.objects.select_related("contact"), pk=question_id)


def get_prompt(prompt_id: UUID) -> Prompt:
    return get_object_or_404(Prompt, pk=prompt_id)


def get_qualification(qualification_id: UUID) -> Qualification:
    return get_object_or_404(Qualification, pk=qualification_id)


def get_calibration(calibration_id: UUID) -> Calibration:
    return get_object_or_404(Calibration, pk=calibration_id)


def get_agent(agent_id: UUID) -> Agent:
    return get_object_or_404(Agent, pk=agent_id)
