from django.urls import path

from reports.processes import views

app_name = "processes"

urlpatterns = [
    path("", views.process_list, name="list"),
    path("<uuid:execution_id>/", views.process_page, name="process"),
    path("<uuid:execution_id>/desfazer/", views.process_undo, name="undo"),
    path("<uuid:execution_id>/refazer/", views.process_retry, name="retry"),
]
