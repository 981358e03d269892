from django.urls import path

from sdr.views import agents, knowledge, learning, models, pages, prompts, results

app_name = "sdr"

urlpatterns = [
    path("", pages.settings_page, name="settings"),
    path("pesos/", pages.rubric_page, name="rubric"),
    path("testar/", pages.playground, name="playground"),
    path("resultados/", results.results_page, name="results"),
    path("resultados/conversas/", results.behind_page, name="behind"),
    path("resultados/exportar.csv", results.leads_export, {"file_format": "csv"}, name="leads-csv"),
    path("resultados/exportar.xlsx", results.leads_export, {"file_format": "xlsx"}, name="leads-xlsx"),
    path("recusas/", pages.refusals, name="refusals"),
    path("avaliar/<uuid:qualification_id>/", learning.verdict, name="verdict"),
    path("aprendizado/", learning.learning_page, name="learning"),
    path("aprendizado/calcular/", learning.calibration_create, name="calibration-create"),
    path("aprendizado/<uuid:calibration_id>/usar/", learning.calibration_apply, name="calibration-apply"),
    path("aprendizado/<uuid:calibration_id>/descartar/", learning.calibration_dismiss, name="calibration-dismiss"),
    path("aprendizado/<uuid:calibration_id>/voltar/", learning.calibration_rollback, name="calibration-rollback"),
    path("agentes/", agents.agents_page, name="agents"),
    path("agentes/novo/", agents.agent_create, name="agent-create"),
    path("agentes/<uuid:agent_id>/", agents.agent_edit, name="agent-edit"),
    path("agentes/<uuid:agent_id>/excluir/", agents.agent_delete, name="agent-delete"),
    path("prompts/", prompts.prompts_page, name="prompts"),
    path("prompts/novo/", prompts.prompt_create, name="prompt-create"),
    path("prompts/<uuid:prompt_id>/", prompts.prompt_page, name="prompt"),
    path("prompts/<uuid:prompt_id>/usar/", prompts.prompt_use, name="prompt-use"),
    path("prompts/<uuid:prompt_id>/tirar/", prompts.prompt_retire, name="prompt-retire"),
    path("prompts/<uuid:prompt_id>/rever/<uuid:conversation_id>/", prompts.prompt_replay, name="prompt-replay"),
    path("modelos/", models.models_page, name="models"),
    path("conhecimento/", knowledge.knowledge_page, name="knowledge"),
    path("conhecimento/novo/", knowledge.document_create, name="document-create"),
    path("conhecimento/<uuid:document_id>/excluir/", knowledge.document_delete, name="document-delete"),
    path("conhecimento/<uuid:document_id>/ler/", knowledge.document_read, name="document-read"),
    path("perguntas/", knowledge.questions_page, name="insights"),
    path("perguntas/<uuid:question_id>/", knowledge.question_answer, name="question-answer"),
    path("perguntas/<uuid:question_id>/descartar/", knowledge.question_dismiss, name="question-dismiss"),
]
