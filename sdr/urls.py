from django.urls import path

from sdr.views import knowledge, models, pages

app_name = "sdr"

urlpatterns = [
    path("", pages.settings_page, name="settings"),
    path("pesos/", pages.rubric_page, name="rubric"),
    path("testar/", pages.playground, name="playground"),
    path("recusas/", pages.refusals, name="refusals"),
    path("modelos/", models.models_page, name="models"),
    path("conhecimento/", knowledge.knowledge_page, name="knowledge"),
    path("conhecimento/novo/", knowledge.document_create, name="document-create"),
    path("conhecimento/<uuid:document_id>/excluir/", knowledge.document_delete, name="document-delete"),
    path("conhecimento/<uuid:document_id>/ler/", knowledge.document_read, name="document-read"),
    path("perguntas/", knowledge.questions_page, name="insights"),
    path("perguntas/<uuid:question_id>/", knowledge.question_answer, name="question-answer"),
    path("perguntas/<uuid:question_id>/descartar/", knowledge.question_dismiss, name="question-dismiss"),
]
