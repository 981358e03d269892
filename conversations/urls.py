from django.urls import path

from conversations.views import actions, alerts, inbox, start, templates

app_name = "conversations"

urlpatterns = [
    path("", inbox.inbox_page, name="inbox"),
    path("nova/", start.conversation_create, name="create"),
    path("avisos/", alerts.alerts_since, name="alerts"),
    path("nao-lidas/", inbox.unread_count, name="unread"),
    path("arquivos/<uuid:attachment_id>/", inbox.attachment_file, name="attachment"),
    path("<uuid:conversation_id>/", inbox.conversation_page, name="conversation"),
    path("<uuid:conversation_id>/modelo/", templates.template_send, name="template-send"),
    path("<uuid:conversation_id>/mensagens/", actions.message_create, name="message-create"),
    path("<uuid:conversation_id>/mensagens/<uuid:message_id>/reenviar/", actions.message_resend, name="message-resend"),
    path("<uuid:conversation_id>/notas/", actions.note_create, name="note-create"),
    path("<uuid:conversation_id>/atendente/", actions.handler_change, name="handler-change"),
    path("<uuid:conversation_id>/transferir/", actions.assignment_change, name="assignment-change"),
    path("<uuid:conversation_id>/encerrar/", actions.conversation_close, name="close"),
    path("<uuid:conversation_id>/reabrir/", actions.conversation_reopen, name="reopen"),
]
