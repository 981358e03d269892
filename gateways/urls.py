from django.urls import path

from gateways.views import actions, channels, connect, notices, pool, receipts, silences, templates

app_name = "gateways"

urlpatterns = [
    path("", channels.channel_list, name="channels"),
    path("avisos/", notices.notice_list, name="notices"),
    path("avisos/agora/", notices.bell_now, name="bell"),
    path("reserva/", pool.pool_page, name="pool"),
    path("silencios/", silences.silence_list, name="silences"),
    path("<uuid:channel_id>/silencio/", silences.silence_dismiss, name="silence-dismiss"),
    path("reserva/teste/", pool.drill_start, name="pool-drill"),
    path("novo/", connect.provider_list, name="channel-new"),
    path("novo/<slug:provider>/", connect.channel_create, name="channel-create"),
    path("modelos/", templates.template_list, name="templates"),
    path("modelos/galeria/", templates.template_gallery, name="template-gallery"),
    path("modelos/novo/", templates.template_create, name="template-create"),
    path("modelos/previa/", templates.template_preview, name="template-preview"),
    path("modelos/atualizar/", templates.template_refresh, name="template-refresh"),
    path("modelos/<uuid:template_id>/editar/", templates.template_edit, name="template-edit"),
    path("modelos/<uuid:template_id>/enviar/", templates.template_submit, name="template-submit"),
    path("modelos/<uuid:template_id>/excluir/", templates.template_delete, name="template-delete"),
    path("<uuid:channel_id>/", channels.channel_detail, name="channel"),
    path("<uuid:channel_id>/conectar/", connect.channel_connect, name="channel-connect"),
    path("<uuid:channel_id>/codigo/", connect.pairing_code, name="channel-code"),
    path("<uuid:channel_id>/editar/", channels.channel_edit, name="channel-edit"),
    path("<uuid:channel_id>/acesso/", connect.access_edit, name="channel-access"),
    path("<uuid:channel_id>/pausar/", actions.channel_pause, name="channel-pause"),
    path("<uuid:channel_id>/retomar/", actions.channel_resume, name="channel-resume"),
    path("<uuid:channel_id>/testar/", actions.channel_test, name="channel-test"),
    path("<uuid:channel_id>/velocidade/", actions.simulator_speed, name="simulator-speed"),
    path("<uuid:channel_id>/servidor/", actions.server_switch, name="server-switch"),
    path("<uuid:channel_id>/desconectar/", actions.channel_disconnect, name="channel-disconnect"),
    path("<uuid:channel_id>/remover/", actions.channel_remove, name="channel-remove"),
    path("<uuid:channel_id>/recibos/", receipts.receipt_list, name="receipts"),
    path("<uuid:channel_id>/recibos/<int:receipt_id>/", receipts.receipt_detail, name="receipt"),
    path("<uuid:channel_id>/recibos/<int:receipt_id>/repetir/", receipts.receipt_replay, name="receipt-replay"),
]
