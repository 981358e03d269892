from django.urls import path

from reports import views
from reports.dossier_view import dossier_file

app_name = "reports"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("contatos/<uuid:contact_id>/dossie.zip", dossier_file, name="dossier"),
]
