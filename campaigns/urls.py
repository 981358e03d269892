from django.urls import path, register_converter
from django.urls.converters import StringConverter

from campaigns.overload import views as demand
from campaigns.schedules.views import schedule_settings, series_skip, series_times
from campaigns.sequences.views import step_change, steps_edit
from campaigns.views import assistance, bulk, choice, deals, guard, hours, report, results, variants, wizard


class ActionConverter(StringConverter):
    """The verbs of a campaign's life."""

    regex = "start|pause|resume|cancel|retry"


class DecisionConverter(StringConverter):
    """The decisions about an overload."""

    regex = "reserve|accept|hold|tomorrow"


register_converter(ActionConverter, "campaign_action")
register_converter(DecisionConverter, "demand_decision")

app_name = "campaigns"

urlpatterns = [
    path("", report.campaign_list, name="list"),
    path("selecionadas/", bulk.campaigns_change, name="change"),
    path("pausa-automatica/", guard.guard_settings, name="guard"),
    path("demanda/", demand.demand_page, name="demand"),
    path("demanda/ajustes/", demand.demand_settings_save, name="demand-settings"),
    path("demanda/decidir/<demand_decision:kind>/", demand.demand_decide, name="demand-decide"),
    path("demanda/<uuid:decision_id>/desfazer/", demand.demand_undo, name="demand-undo"),
    path("respostas/", hours.hours_page, name="hours"),
    path("respostas/ritmo/", hours.hours_follow, name="hours-follow"),
    path("nova/", wizard.campaign_create, name="create"),
    path("nova/resumo/", assistance.summary, name="summary"),
    path("nova/fora/", assistance.left_out, name="left-out"),
    path("nova/previa/", assistance.message_preview, name="message-preview"),
    path("nova/variacao/", variants.variant_change, name="variant-change"),
    path("nova/etapas/", step_change, name="step-change"),
    path("<uuid:campaign_id>/etapas/", steps_edit, name="steps"),
    path("horarios/", schedule_settings, name="schedule-settings"),
    path("<uuid:campaign_id>/", report.campaign_page, name="campaign"),
    path("<uuid:series_id>/envios/", series_times, name="series-times"),
    path("<uuid:series_id>/envios/pular/", series_skip, name="series-skip"),
    path("<uuid:campaign_id>/editar/", wizard.campaign_edit, name="edit"),
    path("<uuid:campaign_id>/negocios/", report.campaign_deals, name="deals"),
    path("<uuid:campaign_id>/arquivar/", bulk.campaign_archive, name="archive"),
    path("<uuid:campaign_id>/apagar/", report.campaign_delete, name="delete"),
    path("<uuid:campaign_id>/exportar.csv", results.recipients_export, {"file_format": "csv"}, name="export-csv"),
    path("<uuid:campaign_id>/exportar.xlsx", results.recipients_export, {"file_format": "xlsx"}, name="export-xlsx"),
    path("<uuid:campaign_id>/resultado.csv", results.results_export, {"file_format": "csv"}, name="results-csv"),
    path("<uuid:campaign_id>/resultado.xlsx", results.results_export, {"file_format": "xlsx"}, name="results-xlsx"),
    path("<uuid:campaign_id>/resultado.pdf", results.results_paper, name="results-pdf"),
    path("<uuid:campaign_id>/atribuicao/", results.attribution, name="attribution"),
    path("<uuid:campaign_id>/destinatarios/<uuid:recipient_id>/", report.recipient_decide, name="recipient-decide"),
    path("<uuid:campaign_id>/destinatarios/<uuid:recipient_id>/negocio/", deals.recipient_won, name="recipient-won"),
    path("<uuid:campaign_id>/numeros/", choice.number_add, name="number-add"),
    path("<uuid:campaign_id>/respostas/", hours.campaign_hours, name="campaign-hours"),
    path("<uuid:campaign_id>/variacoes/<uuid:variant_id>/usar/", choice.variant_choose, name="variant-choose"),
    path("<uuid:campaign_id>/<campaign_action:action>/", report.campaign_action, name="action"),
]
