from django.urls import path

from bookings.charges.views import actions, asking, charges

app_name = "charges"

CSV, XLSX = {"file_format": "csv"}, {"file_format": "xlsx"}

urlpatterns = [
    path("", charges.charge_list, name="list"),
    path("nova/", asking.charge_create, name="create"),
    path("exportar.csv", charges.charges_export, CSV, name="csv"),
    path("exportar.xlsx", charges.charges_export, XLSX, name="xlsx"),
    path("<uuid:charge_id>/", charges.charge_page, name="charge"),
    path("<uuid:charge_id>/enviar/", actions.charge_send, name="send"),
    path("<uuid:charge_id>/confirmar/", actions.charge_confirm, name="confirm"),
    path("<uuid:charge_id>/cancelar/", actions.charge_cancel, name="cancel"),
    path("<uuid:charge_id>/devolver/", actions.charge_refund, name="refund"),
    path("<uuid:charge_id>/devolvida/", actions.charge_sent_back, name="sent-back"),
]
